"""Recording beside a relay (spec/02 section 1.2, McuRecordParams)."""

import re
from typing import Annotated, Self

from pydantic import Field, model_validator

from tailrace.control.params.wire import Flag, Integer, SecretText, Text, Wire, lacking, matching, one_of, wrong

NO_RECORDING, BY_TEMPLATE, BY_PARAMETERS = 1, 2, 3

_WORD = "letters, digits, underscores and hyphens"
RecordKeyText = Annotated[str, matching(re.compile(r"[A-Za-z0-9_-]{1,128}"), f"1 to 128 {_WORD}")]
Name = Annotated[str, Field(min_length=1, max_length=256)]
Prefix = Annotated[str, matching(re.compile(r"[A-Za-z0-9_-]{1,64}"), f"1 to 64 {_WORD}")]


class CloudStorage(Wire):
    """A bucket: vendor 0 Tencent COS, 1 AWS S3."""

    vendor: Flag
    region: Name
    bucket: Name
    access_key: SecretText
    secret_key: SecretText
    file_name_prefix: Annotated[tuple[Prefix, ...], Field(max_length=16, strict=False)] = ()


class McuTencentVod(Wire):
    """Tencent's video on demand; `expire_time` in seconds, 0 for ever."""

    procedure: Text = ""
    expire_time: Integer = 0
    storage_region: Text = ""
    class_id: Integer = 0
    sub_app_id: Integer = 0
    session_context: Text = ""
    source_context: Text = ""


class McuCloudVod(Wire):
    """Where in video on demand."""

    mcu_tencent_vod: McuTencentVod | None = None


class McuStorageParams(Wire):
    """Exactly one of the two."""

    cloud_storage: CloudStorage | None = None
    mcu_cloud_vod: McuCloudVod | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.cloud_storage is None and self.mcu_cloud_vod is None:
            raise lacking("CloudStorage", "One of CloudStorage and McuCloudVod must be given.")
        if self.cloud_storage is not None and self.mcu_cloud_vod is not None:
            raise wrong("McuCloudVod", "only one of CloudStorage and McuCloudVod may be given")
        return self


class McuRecordParams(Wire):
    """`record_wait_time` in seconds, `max_media_file_duration` in minutes. Stream type 0 both, 1 sound, 2 picture."""

    uni_record: Annotated[int, Field(ge=0, le=3)] = 0
    record_key: RecordKeyText | None = None
    record_wait_time: Annotated[int, Field(ge=5, le=86400)] = 30
    record_format: Annotated[
        tuple[Annotated[str, one_of("hls", "mp4", "aac")], ...], Field(max_length=3, strict=False)
    ] = ("mp4",)
    max_media_file_duration: Annotated[int, Field(ge=1, le=1440)] = 1440
    stream_type: Annotated[int, Field(ge=0, le=2)] = 0
    user_define_record_prefix: Prefix | None = None
    mcu_storage_params: McuStorageParams | None = None

    @model_validator(mode="after")
    def _formats_fit(self) -> Self:
        if {"mp4", "aac"} <= set(self.record_format):
            raise wrong("RecordFormat", "mp4 and aac cannot be combined")
        if self.uni_record == BY_PARAMETERS and self.mcu_storage_params is None:
            raise lacking("McuStorageParams", "UniRecord 3 needs McuStorageParams.")
        return self
