"""SEI: messages that travel inside an H.264 stream, beside its pictures (spec/03 section 6).

Sources: Rec. ITU-T H.264 7.3.2.3 (messages), 7.4.1 (emulation prevention), D.1.6 and D.1.7 (user data).
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tailrace.errors import PeerError
from tailrace.wire import h264
from tailrace.wire.h264 import LENGTH_SIZE, NalType

UNREGISTERED = 5
"""user_data_unregistered: a UUID, then anything."""
_REGISTERED = 4  # user_data_registered_itu_t_t35: closed captions
_FREE = range(100, 255)  # what spec/03 lets applications use

UUID_BYTES = 16
# TRTC's SDKs send at most 1 kB in a message. More than this is no message for people, and is not worth its copies.
MAX_NAL_BYTES = 64 * 1024
MAX_MESSAGES = 64

_HEADER = bytes((NalType.SEI,))  # nal_ref_idc 0 (7.4.1)
_STOP = b"\x80"  # rbsp_trailing_bits after whole bytes
_LOOKS_LIKE_A_START = re.compile(rb"\0\0(?=[\0-\3])")
# x264 tells its version and options in such a message: of the stream that is decoded here, not of the one made from it.
_X264_UUID = bytes.fromhex("dc45e9bde6d948b7962cd820d923eeef")


class Message(NamedTuple):
    """One SEI message: payloadType and its payload."""

    type: int
    payload: bytes


class Region(NamedTuple):
    """Where one user is in the picture, in pixels, and how loud (`volume` 0 to 100). Names and order as in the JSON."""

    uid: str
    zorder: int
    volume: int
    x: int
    y: int
    w: int
    h: int


def nal(*messages: Message) -> bytes:
    """Return one SEI NAL unit with the messages, without a length before it."""
    parts = []
    for kind, payload in messages:
        parts += [_number(kind), _number(len(payload)), payload]
    body = b"".join((*parts, _STOP))
    return _HEADER + _LOOKS_LIKE_A_START.sub(b"\0\0\3", body)


def _number(value: int) -> bytes:
    """Write a type or a size: 255 for each whole 255, then the rest (7.3.2.3.1)."""
    return b"\xff" * (value // 255) + bytes((value % 255,))


def user_data(uuid: str, content: bytes) -> Message:
    """Return a message of type 5; `uuid` is 32 hexadecimal digits."""
    return Message(UNREGISTERED, bytes.fromhex(uuid) + content)


def messages(unit: bytes) -> list[Message]:
    """Read an SEI NAL unit. Raises PeerError when it is none, is cut short, or is larger than anybody needs."""
    if not unit or unit[0] & 31 != NalType.SEI:
        raise PeerError("not an H.264 SEI")
    if len(unit) > MAX_NAL_BYTES:
        raise PeerError(f"H.264 SEI of {len(unit)} bytes, at most {MAX_NAL_BYTES} are taken")
    # Zero bytes at the end are no part of it (7.4.1); who converts from Annex B may have left some.
    body = unit[1:].rstrip(b"\0").replace(b"\0\0\3", b"\0\0")
    if not body.endswith(_STOP):
        raise PeerError("H.264 SEI does not end with its stop bit")
    found: list[Message] = []
    at, end = 0, len(body) - 1
    while at < end:
        if len(found) == MAX_MESSAGES:
            raise PeerError(f"H.264 SEI with more than {MAX_MESSAGES} messages")
        kind, at = _read_number(body, at)
        size, at = _read_number(body, at)
        if at + size > end:
            raise PeerError("H.264 SEI message is longer than its NAL unit")
        found.append(Message(kind, body[at : at + size]))
        at += size
    return found


def _read_number(body: bytes, at: int) -> tuple[int, int]:
    value = 0
    while body[at] == 255:  # the last byte of `body` is the stop bit, so this ends in time
        value, at = value + 255, at + 1
    if at + 1 == len(body):
        raise PeerError("H.264 SEI ends in the middle of a message's head")
    return value + body[at], at + 1


def layout_volume_json(width: int, height: int, regions: Iterable[Region], app_data: str, unix_seconds: int) -> bytes:
    """Return the layout-volume payload as spec/03 section 6 has it: its keys, their order, no blanks, no NUL."""
    value = {
        "app_data": app_data,
        "canvas": {"w": width, "h": height},
        "regions": [region._asdict() for region in regions],
        "ver": "1.0",
        "ts": unix_seconds,
    }
    # A lone surrogate, which JSON requests can carry, has no UTF-8 form.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def upstream(payload: bytes) -> list[bytes]:
    """Return the SEI NAL units of a length-prefixed access unit that are worth keeping when it is encoded anew.

    User data is kept, unchanged: types 4, 5 and 100 to 254. The others (buffering period, picture timing, recovery
    point and so on) describe the stream that ends here, as does x264's text about itself. A SEI that cannot be read is
    left out. Only NAL headers are looked at, up to the first slice: no SEI may follow it (7.4.1.2.3). Raises PeerError
    where a length leads past the end.
    """
    kept: list[bytes] = []
    at, end = 0, len(payload)
    while at < end:
        start = at + LENGTH_SIZE
        at = start + int.from_bytes(payload[at:start], "big")
        if at > end:
            raise PeerError("H.264 NAL unit is longer than its message")
        kind = payload[start] & 31 if at > start else 0
        if kind == NalType.SEI and (unit := _kept(payload[start:at])):
            kept.append(unit)
        elif NalType.SLICE <= kind <= NalType.IDR:
            break
    return kept


def _kept(unit: bytes) -> bytes:
    try:
        found = messages(unit)
    except PeerError:
        return b""
    wanted = [message for message in found if _is_user_data(message)]
    if len(wanted) == len(found):
        return unit
    return nal(*wanted) if wanted else b""


def _is_user_data(message: Message) -> bool:
    if message.type == UNREGISTERED:
        return not message.payload.startswith(_X264_UUID)
    return message.type == _REGISTERED or message.type in _FREE


def with_sei(access_unit: bytes, units: Sequence[bytes]) -> bytes:
    """Return a length-prefixed access unit with SEI NAL units before its first slice.

    They follow its delimiter, parameter sets and its own SEI. Raises PeerError where a length leads past the end.
    """
    if not units:
        return access_unit
    at = 0
    for unit in h264.nal_units(access_unit):
        if unit and NalType.SLICE <= unit[0] & 31 <= NalType.IDR:
            break
        at += LENGTH_SIZE + len(unit)
    return b"".join((access_unit[:at], h264.join(units), access_unit[at:]))
