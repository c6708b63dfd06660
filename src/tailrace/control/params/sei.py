"""SEI: data that travels inside the H.264 stream (spec/03 section 6)."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from tailrace.control.params.wire import Flag, Text, Wire, lacking, wrong

UUID_TYPE = 5
# "Shorter than 4096"; we count UTF-8 bytes.
MAX_APP_DATA_BYTES = 4095

_UUID = re.compile(r"[0-9A-Fa-f]{32}")

# Milliseconds; a lower bound is not documented, an hour is beyond any use.
Interval = Annotated[int, Field(ge=1, le=3_600_000)]


def _short(value: str) -> str:
    if len(value.encode()) > MAX_APP_DATA_BYTES:
        raise PydanticCustomError("range", "has 4096 bytes or more")
    return value


def _free_type(value: int) -> int:
    if value == UUID_TYPE or (100 <= value <= 254 and value != 244):  # 244 is the cloud's own time stamp
        return value
    raise PydanticCustomError("range", "expected 5, or 100 to 254 except 244")


def _layout_type(value: int) -> int:
    if value == UUID_TYPE:
        raise PydanticCustomError("range", "expected 100 to 254 except 244")
    return _free_type(value)


class McuLayoutVolume(Wire):
    """Places and volumes of those in the picture. Empty, it switches the SEI on with its defaults."""

    app_data: Annotated[str, AfterValidator(_short)] = ""
    payload_type: Annotated[int, AfterValidator(_layout_type)] = 100
    interval: Interval = 1000
    follow_idr: Flag = 0


class McuPassThrough(Wire):
    """The caller's own data."""

    payload_content: Text
    payload_type: Annotated[int, AfterValidator(_free_type)]
    payload_uuid: Text | None = None
    interval: Interval = 1000
    follow_idr: Flag = 0

    @model_validator(mode="after")
    def _has_its_uuid(self) -> Self:
        if self.payload_type != UUID_TYPE:
            return self
        if self.payload_uuid is None:
            raise lacking("PayloadUuid", "PayloadType 5 needs PayloadUuid.")
        if not _UUID.fullmatch(self.payload_uuid):
            raise wrong("PayloadUuid", "expected 32 hexadecimal digits")
        return self


class McuSeiParams(Wire):
    """Either, both or none."""

    layout_volume: McuLayoutVolume | None = None
    pass_through: McuPassThrough | None = None
