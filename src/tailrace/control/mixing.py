"""Mixing: from AudioParams and VideoParams to what is mixed, at the start and by updates (spec/02 sections 1.2, 2)."""

from collections.abc import Sequence
from dataclasses import replace

from tailrace.control.naming import Naming
from tailrace.control.params.audio import McuAudioParams, McuUserInfoParams
from tailrace.control.params.video import McuVideoParams
from tailrace.control.scene import scene_of
from tailrace.errors import ParameterInvalid
from tailrace.ids import Room
from tailrace.model.mix import Layout, LayoutMode, Mix, Voice, Voices

_ONLY, _NEVER = "AudioParams.SubscribeAudioList", "AudioParams.UnSubscribeAudioList"


def mix_of(audio: McuAudioParams | None, video: McuVideoParams | None, naming: Naming, before: Mix) -> Mix:
    """Return what is mixed. What is absent stays as `before`, at the start Mix(); an empty list names nobody.

    Raises ParameterInvalid and ParameterMissing with the path of the field.
    """
    mix = before
    if video is not None:
        mix = replace(mix, scene=scene_of(video, naming, before.scene))
    if audio is not None:
        mix = replace(mix, voices=_voices(audio, naming, before.voices))
    _check_rooms(mix, naming.main_room)
    return mix


def refuse_mixing(audio: McuAudioParams | None, video: McuVideoParams | None) -> None:
    """Raise ParameterInvalid for the first field that asks a single-stream relay for what only mixing can do."""
    asked: dict[str, object] = {}
    if audio is not None:
        asked |= {_ONLY: audio.subscribe_audio_list, _NEVER: audio.un_subscribe_audio_list}
    if video is not None:
        asked |= {
            "VideoParams.LayoutParams": video.layout_params is not None,
            "VideoParams.BackGroundColor": video.back_ground_color,
            "VideoParams.BackgroundImageUrl": video.background_image_url,
            "VideoParams.WaterMarkList": video.water_mark_list,
            "VideoParams.BackgroundRenderMode": video.background_render_mode is not None,
        }
    for path, given in asked.items():
        if given:
            raise ParameterInvalid(path, "needs WithTranscoding 1: a single stream is passed through as it is")


def _voices(audio: McuAudioParams, naming: Naming, before: Voices) -> Voices:
    voices = before
    if audio.subscribe_audio_list is not None:
        voices = replace(voices, only=_listed(audio.subscribe_audio_list, naming, _ONLY))
    if audio.un_subscribe_audio_list is not None:
        voices = replace(voices, never=_listed(audio.un_subscribe_audio_list, naming, _NEVER))
    return voices


def _listed(entries: Sequence[McuUserInfoParams], naming: Naming, path: str) -> tuple[Voice, ...]:
    return tuple(
        Voice(*naming.user(entry.user_info, f"{path}.{index}.UserInfo"), entry.sound_level)
        for index, entry in enumerate(entries)
    )


def _check_rooms(mix: Mix, main_room: Room) -> None:
    """The rooms of voices (MixUserInfo.RoomId); checked in what comes out, since an update may bring the layout alone.

    Sound alone has no layout, so its voices may come from any room.
    """
    if mix.scene is None:
        return
    layout = mix.scene.layout
    for path, voices in ((_ONLY, mix.voices.only), (_NEVER, mix.voices.never)):
        for index, voice in enumerate(voices):
            if fault := _fault_of_room(voice, layout, main_room):
                raise ParameterInvalid(f"{path}.{index}.UserInfo.RoomId", fault)


def _fault_of_room(voice: Voice, layout: Layout, main_room: Room) -> str:
    if layout.mode is not LayoutMode.CUSTOM:
        return "" if voice.room == main_room else "a dynamic layout has users of the main room only"
    rooms = [slot.who.room for slot in layout.slots if slot.who is not None and slot.who.user == voice.user]
    return "differs from the room of this user in MixLayoutList" if rooms and voice.room not in rooms else ""
