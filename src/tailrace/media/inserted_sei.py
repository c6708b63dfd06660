"""Inserted SEI: what the caller asked to be put into the pictures, as a NAL unit (spec/03 section 6)."""

import time
from collections.abc import Callable, Iterable

from tailrace.model.mix import LayoutVolume, PassThrough
from tailrace.wire import sei


def inserted_sei(
    entry: LayoutVolume | PassThrough, size: tuple[int, int], regions: Callable[[], Iterable[sei.Region]]
) -> bytes:
    """Return the NAL unit for `entry`. `size` is the picture's; `regions` is only called when they are told."""
    if isinstance(entry, LayoutVolume):
        text = sei.layout_volume_json(*size, regions(), entry.app_data, int(time.time()))
        return sei.nal(sei.Message(entry.payload_type, text))
    content = entry.content.encode()
    return sei.nal(sei.user_data(entry.uuid, content) if entry.uuid else sei.Message(entry.payload_type, content))
