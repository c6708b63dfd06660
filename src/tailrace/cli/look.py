"""Look: how a mix looks, from the options of a command to VideoParams of the Cloud API."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.mix_options import LayoutName

# The figures of the API's printed examples (spec/02 section 1.5).
ENCODE = {"Width": 1280, "Height": 720, "Fps": 15, "BitRate": 1536, "Gop": 2}

_MODES = {LayoutName.FLOATING: 1, LayoutName.SCREEN: 2, LayoutName.GRID: 3, LayoutName.CUSTOM: 4}
_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
_WINDOW = re.compile(r"(?:([^=]+)=)?([0-9]{1,5})x([0-9]{1,5})\+([0-9]{1,5})\+([0-9]{1,5})")
_SCREEN = ":screen"


@dataclass(frozen=True, slots=True)
class Look:
    """What a command was asked for; None and empty is what it was not asked for."""

    layout: LayoutName | None = None
    big: str = ""
    windows: Sequence[str] = ()
    size: str = ""
    fps: int | None = None
    bitrate_kbps: int | None = None
    gop: int | None = None
    background: str = ""

    def video_params(self, encode: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the VideoParams that ask for it; `encode`, VideoEncode as it is, is what its parts change.

        Without `encode`, VideoEncode is in it only when one of its parts was asked for. Raises CommandError.
        """
        video: dict[str, Any] = {}
        if encode is not None or self.size or self.fps or self.bitrate_kbps or self.gop:
            video["VideoEncode"] = self._video_encode(encode or ENCODE)
        if self.layout is not None or self.big or self.windows:
            video["LayoutParams"] = self._layout_params()
        if self.background:
            video["BackGroundColor"] = self.background
        return video

    def _video_encode(self, before: Mapping[str, Any]) -> dict[str, Any]:
        encode = dict(before)
        if self.size:
            if (found := _SIZE.fullmatch(self.size)) is None:
                raise CommandError(f"--size {self.size}: expected WIDTHxHEIGHT, such as 1280x720", Exit.USAGE)
            encode |= {"Width": int(found[1]), "Height": int(found[2])}
        asked = {"Fps": self.fps, "BitRate": self.bitrate_kbps, "Gop": self.gop}
        return encode | {name: value for name, value in asked.items() if value}

    def _layout_params(self) -> dict[str, Any]:
        layout = self.layout or (LayoutName.CUSTOM if self.windows else LayoutName.FLOATING)
        if (layout is LayoutName.CUSTOM) != bool(self.windows):
            raise CommandError("the custom layout has windows, and no other one has: --window 640x720+0+0", Exit.USAGE)
        if self.big and layout not in (LayoutName.FLOATING, LayoutName.SCREEN):
            raise CommandError("only the layouts floating and screen have a big window", Exit.USAGE)
        params: dict[str, Any] = {"MixLayoutMode": _MODES[layout]}
        if self.big:
            params["MaxVideoUser"] = {"UserMediaStream": _stream(self.big)}
        if self.windows:
            params["MixLayoutList"] = [_window(text, layer) for layer, text in enumerate(self.windows)]
        return params


def _window(text: str, layer: int) -> dict[str, Any]:
    if (found := _WINDOW.fullmatch(text)) is None:
        raise CommandError(f"--window {text}: expected [USER=]WIDTHxHEIGHT+X+Y, such as alice=640x720+0+0", Exit.USAGE)
    user, width, height, x, y = found.groups()
    place = {"ImageWidth": int(width), "ImageHeight": int(height), "LocationX": int(x), "LocationY": int(y)}
    return place | {"ZOrder": layer} | ({"UserMediaStream": _stream(user)} if user else {})


def _stream(text: str) -> dict[str, Any]:
    user = text.removesuffix(_SCREEN)
    return {"UserInfo": {"UserId": user}, "StreamType": 1 if text.endswith(_SCREEN) else 0}
