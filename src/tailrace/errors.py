"""Every error raised on purpose, classed by who is at fault.

Parsers of bytes from outside raise `PeerError`, never `IndexError` or `ValueError`. What the Cloud API answers to a
caller's error is one table, in `control/codes.py`.
"""


class TailraceError(Exception):
    """Base of everything below; `str(error)` is one clear line, without secrets."""


class PeerError(TailraceError):
    """A publisher, player or server that we talk with broke its protocol."""


class CallerError(TailraceError):
    """Who called the API or the command line asked for something that cannot be done."""


class ConfigError(CallerError):
    """The configuration is wrong; the text names the key and the way out."""


class ParameterMissing(CallerError):
    """A required parameter is absent. `path` is its full path, such as `PublishCdnParams.0.PublishCdnUrl`."""

    def __init__(self, path: str, why: str = "") -> None:
        super().__init__(why or f"The request is missing the parameter `{path}`.")
        self.path = path


class ParameterInvalid(CallerError):
    """A parameter has a wrong type, form or range, or contradicts another one."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"`{path}`: {why}")
        self.path = path


class ParameterUnknown(CallerError):
    """A parameter that the action does not have."""

    def __init__(self, path: str) -> None:
        super().__init__(f"The parameter `{path}` is not recognized.")
        self.path = path


class CallRefused(CallerError):
    """The Cloud API refuses a call before its action sees it; each subclass has one public code."""


class MethodUnsupported(CallRefused):
    """An HTTP method other than GET and POST."""


class CallTooLarge(CallRefused):
    """The request is larger than its method and signature allow (spec/01 section 1)."""


class BodyMalformed(CallRefused):
    """The body is of a content type that this call cannot have, such as multipart."""


class VersionUnknown(CallRefused):
    """Another version of the API than the one that is served."""


class ActionUnknown(CallRefused):
    """No such action."""


class ClockSkewed(CallRefused):
    """The call's timestamp is too far from the server's time."""


class AuthorizationMalformed(CallRefused):
    """The Authorization header is absent, or not of the form that TC3-HMAC-SHA256 has."""


class SecretIdMalformed(CallRefused):
    """The SecretId cannot be one."""


class SecretIdUnknown(CallRefused):
    """No such SecretId."""


class SignatureMismatch(CallRefused):
    """The computed signature differs from the one given."""


class TokenRejected(CallRefused):
    """A token of temporary credentials that this server did not issue."""


class SignatureNotAdmitted(CallRefused):
    """The key may not be used with this signature method."""


class AccountUnverified(CallRefused):
    """The account is marked as not verified."""


class ServiceNotAdmitted(CallRefused):
    """The account may not use this service at all."""


class NotPermitted(CallRefused):
    """The key's policy does not allow this action or this SdkAppId."""


class RateExceeded(CallRefused):
    """Too many calls of one action with one key."""


class RegionUnsupported(CallRefused):
    """The action does not support this region."""


class ConsoleRefused(CallerError):
    """The console refuses a request of a browser."""


class SessionMissing(ConsoleRefused):
    """The console was asked by a browser that is not signed in, or is not any more."""


class SignInRefused(ConsoleRefused):
    """A SecretId and a SecretKey that do not belong together."""


class CrossSite(ConsoleRefused):
    """The console was asked by a page of somebody else."""


class SignInsExceeded(ConsoleRefused):
    """Too many wrong sign-ins came from one address."""


class ConsoleBusy(ConsoleRefused):
    """As many browsers as this process can serve follow what happens."""


class AppUnknown(CallerError):
    """No such SdkAppId, or it belongs to another account."""


class StreamUnknown(CallerError):
    """Nobody publishes the stream that somebody wants to watch."""


class TaskNotFound(CallerError):
    """No such task in this SdkAppId."""


class UpdateOutdated(CallerError):
    """The SequenceNumber of an update does not grow: a newer one has been accepted already."""


class OutputModeFixed(CallerError):
    """An update would turn sound alone into sound and picture, or the reverse, which needs another task."""


class QuotaUsedUp(CallerError):
    """The app has as many tasks as it may have at the same time."""


class NoRoom(CallerError):
    """There are workers, and none of them has room for the task; the text names what they are short of."""


class SessionsFull(CallerError):
    """There are as many WebRTC sessions as there may be; one of them has to end first."""


class UserSessionsFull(CallerError):
    """A user has as many WebRTC sessions as one user may have; one of them has to end first."""


class RecordingNotStoppable(CallerError):
    """A RecordKey was given for a task whose recording cannot be ended this way."""


class NotBuilt(CallerError):
    """A known field asks for a function that this version does not have."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"`{path}`: {why}")
        self.path = path


class UserSigRejected(CallerError):
    """A UserSig is malformed, forged, expired, or made for another user or app."""


class UserSigForAnother(UserSigRejected):
    """A valid UserSig of this app, but of another user than the one it was brought for."""


class OfferUnusable(CallerError):
    """An SDP offer that is well formed, and that nothing here can be agreed on with."""


class SessionUnknown(CallerError):
    """No such WHIP or WHEP session, or it has ended."""


class StreamTaken(CallerError):
    """The user publishes this stream of the room already, over an address family that does not replace sessions."""


class NameTaken(CallerError):
    """Somebody publishes to the built-in CDN under this name already."""


class ApiError(CallerError):
    """The Cloud API answered a command of ours with an error. `code` and `request_id` are the answer's."""

    def __init__(self, code: str, message: str, request_id: str) -> None:
        super().__init__(f"{code}: {message} (request {request_id})")
        self.code = code
        self.message = message
        self.request_id = request_id


class Rejected(TailraceError):
    """An RTMP client may not publish or play what it asked for; it is told `code` and the text."""

    def __init__(self, description: str, code: str = "NetStream.Publish.BadName") -> None:
        super().__init__(description)
        self.code = code


class DestinationError(TailraceError):
    """A CDN could not be reached, refused us, or went away."""


class DestinationUnreachable(DestinationError):
    """No connection: name not found, refused, timed out, TLS failed."""


class DestinationNameUnknown(DestinationUnreachable):
    """The host's name has no address, or nobody could say."""


class DestinationSilent(DestinationUnreachable):
    """No connection, or no answer, within the time limit."""


class DestinationUntrusted(DestinationUnreachable):
    """TLS failed: the certificate is expired, of another name or unknown, or there is no TLS at all."""


class DestinationRefused(DestinationError):
    """The CDN answered, and said no. `code` is its RTMP status code, such as `NetStream.Publish.BadName`."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code


class DestinationLost(DestinationError):
    """An established push ended from the other side."""


class DestinationStalled(DestinationLost):
    """The connection stands, but the other side takes no media any more."""


class DestinationGarbled(DestinationLost):
    """What came from the other side is not RTMP."""


class AddressForbidden(DestinationError):
    """The address is private, loopback, link-local or a metadata service, and not allowed by the configuration."""


class ImageError(TailraceError):
    """An image that a caller named cannot be had or shown; the picture goes on without it."""


class StateError(TailraceError):
    """An event or a change that the present state does not allow: our own fault; nothing has changed."""


class RoleFailed(TailraceError):
    """A role of this machine ended before it served. `role` is its name."""

    def __init__(self, role: str, why: str) -> None:
        super().__init__(why)
        self.role = role


class BusError(TailraceError):
    """The bus did not answer in time, or refused: our own fault, an `InternalError` to callers."""


class Conflict(BusError):
    """A compare-and-set found a newer revision; read again and decide again."""
