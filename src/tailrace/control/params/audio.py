"""Output sound, and whose sound is mixed."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from tailrace.control.params.who import MixUserInfo
from tailrace.control.params.wire import Wire, one_of, wrong

# Upper length of the lists is not documented; more anchors than this cannot be in one room of the cloud.
MAX_USERS = 1000


class AudioEncode(Wire):
    """`sample_rate` in Hz, `bit_rate` in kbps; codec 0 LC-AAC, 1 HE-AAC, 2 HE-AACv2."""

    sample_rate: Annotated[int, one_of(48000, 44100, 32000, 24000, 16000, 8000)]
    channel: Annotated[int, Field(ge=1, le=2)]
    bit_rate: Annotated[int, Field(ge=8, le=500)]
    codec: Annotated[int, Field(ge=0, le=2)] = 0

    @model_validator(mode="after")
    def _codec_fits(self) -> Self:
        if self.codec == 2 and self.channel != 2:
            raise wrong("Channel", "HE-AACv2 (Codec 2) is stereo only")
        if self.codec != 0 and self.sample_rate == 8000:
            raise wrong("SampleRate", "HE-AAC and HE-AACv2 (Codec 1 and 2) are not offered at 8000 Hz")
        return self


class McuUserInfoParams(Wire):
    """An entry of a white or black list; `sound_level` counts in the white list only."""

    user_info: MixUserInfo
    sound_level: Annotated[int, Field(ge=0, le=100)] = 100


UserList = Annotated[tuple[McuUserInfoParams, ...], Field(max_length=MAX_USERS, strict=False)]


class McuAudioParams(Wire):
    """Output sound. Either list may be given alone (spec/02 section 1.2); an update tells absent from empty."""

    audio_encode: AudioEncode | None = None
    subscribe_audio_list: UserList | None = None
    un_subscribe_audio_list: UserList | None = None
