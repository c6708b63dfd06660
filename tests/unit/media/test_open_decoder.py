"""Open decoder: what comes out is as long as what went in, in the channels that are wanted."""

import av
import pytest

from tailrace.errors import PeerError
from tailrace.media.open_decoder import open_decoder
from tailrace.unit import Codec
from tests.media.browser import opus, tone
from tests.media.encoded import sound


def samples(decoder: av.AudioCodecContext, payload: bytes) -> tuple[int, str]:
    (frame,) = decoder.decode(av.Packet(payload))
    return frame.samples, frame.layout.name


@pytest.mark.parametrize(("channels", "layout"), [(1, "mono"), (2, "stereo")])
def test_nothing_of_the_first_opus_is_skipped(channels: int, layout: str) -> None:
    (first, *_) = opus(tone(440), 0.2)

    assert samples(open_decoder(Codec.OPUS, b"", channels), first.payload) == (960, layout)


def test_nor_when_its_head_asks_for_that() -> None:
    (first, *_) = opus(tone(440), 0.2)
    head = b"OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00"

    assert samples(open_decoder(Codec.OPUS, head), first.payload) == (960, "stereo")


def test_aac_has_the_form_that_its_set_up_says() -> None:
    (first, *_) = sound(440, 0.2, rate=44100, channels=1)

    assert samples(open_decoder(Codec.AAC, first.config), first.payload) == (1024, "mono")


@pytest.mark.parametrize("codec", [codec for codec in Codec if codec.is_video])
def test_pictures_are_no_sound(codec: Codec) -> None:
    with pytest.raises(PeerError, match="is no sound"):
        open_decoder(codec, b"")
