# ruff: noqa: RUF001 - Chinese sentences have Chinese commas
"""Codes: what the Cloud API answers to which error; one table, in both languages."""

from dataclasses import dataclass

from tailrace import errors

CHINESE = "zh-CN"
# A name that a caller made up may be as long as the request; the answer need not be.
MAX_MESSAGE = 512


@dataclass(frozen=True, slots=True)
class Answer:
    """A public error code and its message."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class _Code:
    """`detailed`: the Chinese message goes on with the error's own words, which name the parameter."""

    code: str
    chinese: str
    detailed: bool = False


INTERNAL = "InternalError"
INTERNAL_MESSAGE = "An internal error has occurred. Look for the RequestId in the server's log."

# spec/00, spec/01 section 7, spec/02 section 4. AppUnknown is what start answers; the others find no such resource.
TABLE: dict[type[errors.TailraceError], _Code] = {
    errors.MethodUnsupported: _Code("UnsupportedProtocol", "HTTP(S)请求协议错误，只支持 GET 和 POST 请求。"),
    errors.CallTooLarge: _Code("RequestSizeLimitExceeded", "请求包超过限制大小。"),
    errors.BodyMalformed: _Code("InvalidRequest", "请求 body 格式错误。"),
    errors.VersionUnknown: _Code("NoSuchVersion", "接口版本不存在。"),
    errors.ActionUnknown: _Code("InvalidAction", "接口不存在。"),
    errors.ClockSkewed: _Code("AuthFailure.SignatureExpire", "签名过期：时间戳与服务器时间相差不得超过五分钟。"),
    errors.AuthorizationMalformed: _Code("AuthFailure.InvalidAuthorization", "请求头部的 Authorization 不符合标准。"),
    errors.SecretIdMalformed: _Code("AuthFailure.InvalidSecretId", "密钥非法，不是云 API 密钥类型。"),
    errors.SecretIdUnknown: _Code("AuthFailure.SecretIdNotFound", "密钥不存在。"),
    errors.SignatureMismatch: _Code("AuthFailure.SignatureFailure", "签名错误。"),
    errors.TokenRejected: _Code("AuthFailure.TokenFailure", "Token 错误。"),
    errors.SignatureNotAdmitted: _Code("AuthFailure", "CAM签名/鉴权错误：该密钥不允许使用此签名方法。"),
    errors.SessionMissing: _Code("AuthFailure", "未登录，或登录已过期。"),
    errors.SignInRefused: _Code("AuthFailure", "SecretId 或 SecretKey 错误。"),
    errors.SignInsExceeded: _Code("RequestLimitExceeded", "登录失败次数过多。"),
    errors.CrossSite: _Code("UnauthorizedOperation", "未授权的操作。"),
    errors.ConsoleBusy: _Code("ResourceInsufficient", "资源不足。"),
    errors.AccountUnverified: _Code("AuthFailure.UnRealNameAuthenticated", "未实名认证，禁止操作。"),
    errors.ServiceNotAdmitted: _Code("AuthFailure.UnsupportedOperation", "操作不支持。"),
    errors.NotPermitted: _Code("AuthFailure.UnauthorizedOperation", "CAM鉴权不通过。"),
    errors.RateExceeded: _Code("RequestLimitExceeded", "请求的次数超过了频率限制。"),
    errors.RegionUnsupported: _Code("UnsupportedRegion", "接口不支持所传地域。"),
    errors.ParameterUnknown: _Code("UnknownParameter", "未定义的参数。", detailed=True),
    errors.ParameterMissing: _Code("MissingParameter", "缺少参数。", detailed=True),
    errors.ParameterInvalid: _Code("InvalidParameter", "参数错误。", detailed=True),
    errors.AppUnknown: _Code("InvalidParameter.SdkAppId", "SdkAppId 错误。"),
    errors.NotBuilt: _Code("UnsupportedOperation", "操作不支持。", detailed=True),
    errors.OutputModeFixed: _Code("UnsupportedOperation", "操作不支持。", detailed=True),
    errors.UpdateOutdated: _Code("FailedOperation.RequestOutdated", "请求已过期。"),
    errors.TaskNotFound: _Code("ResourceNotFound", "资源不存在。"),
    errors.QuotaUsedUp: _Code("FailedOperation.RestrictedConcurrency", "并发任务数超过限制。", detailed=True),
    # None of the codes of start fits; this one is of spec/01 section 7, which any action may answer.
    errors.NoRoom: _Code("ResourceInsufficient", "资源不足。", detailed=True),
    errors.RecordingNotStoppable: _Code("FailedOperation.CRUnsupportMethod", "不支持的云端录制方法。"),
    errors.UserSigRejected: _Code("InvalidParameter", "UserSig 错误。", detailed=True),
    errors.BusError: _Code(INTERNAL, "内部错误。"),
}


def answer(error: BaseException, language: str) -> Answer:
    """Return what to answer to `error`. Whatever the table does not know is our own fault, and says nothing more."""
    entry = next((TABLE[kind] for kind in type(error).__mro__ if kind in TABLE), None)
    if entry is None or entry.code == INTERNAL:
        return Answer(INTERNAL, "内部错误。" if language == CHINESE else INTERNAL_MESSAGE)
    words = str(error)
    if language == CHINESE:
        words = f"{entry.chinese}{words}" if entry.detailed else entry.chinese
    return Answer(entry.code, words[:MAX_MESSAGE])
