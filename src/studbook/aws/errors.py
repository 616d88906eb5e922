"""Error classification: what a failed call means for a harvest, whoever raised it.

denied       the credentials are good, the policy is not
expired      the session ended; a new one may help
credentials  there are none, or nobody accepts them
throttled    too many calls, beyond the retries' patience
gone         the thing asked for does not exist (any more)
unsupported  the service, the region or this botocore does not know the operation
invalid      the service or botocore does not accept the request, or nobody understands the answer
network      no answer, or half of one
server       the service failed (5xx)
repeated     a page token that came twice: the listing has no end
limit        more than `patience` allows: bytes, pages, seconds
lost         an answer was read, but for one value or one item of it
"""

from __future__ import annotations

import os
import re
from typing import Final, Literal

from botocore import exceptions as boto

from studbook.model.storable import Loss, storable

Meaning = Literal[
    "denied",
    "expired",
    "credentials",
    "throttled",
    "gone",
    "unsupported",
    "invalid",
    "network",
    "server",
    "repeated",
    "limit",
    "lost",
]

_CODES: Final[dict[Meaning, str]] = {
    "denied": "AccessDenied AccessDeniedException AuthorizationError AuthorizationErrorException AllAccessDisabled "
    "Forbidden NotAuthorized UnauthorizedOperation PERMISSION_DENIED 403",
    "expired": "ExpiredToken ExpiredTokenException RequestExpired TokenRefreshRequired",
    "credentials": "AuthFailure IncompleteSignature InvalidAccessKeyId InvalidClientTokenId InvalidSignatureException "
    "MissingAuthenticationToken MissingAuthenticationTokenException NotSignedUp OptInRequired RequestTimeTooSkewed "
    "SignatureDoesNotMatch UnrecognizedClientException 401",
    "throttled": "BandwidthLimitExceeded EC2ThrottledException PriorRequestNotComplete "
    "ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled RequestThrottledException SlowDown "
    "ThrottledException Throttling ThrottlingException TooManyRequestsException 429",
    "gone": "NoSuchBucket NoSuchEntity NoSuchKey NotFound NotFoundException ResourceNotFound ResourceNotFoundException "
    "TargetNotFoundException RESOURCE_DOES_NOT_EXIST 404",
    "unsupported": "InvalidAction MethodNotAllowed NotImplemented UnknownOperation UnknownOperationException "
    "UnsupportedOperation UnsupportedOperationException 405 501",
    "server": "InternalError InternalFailure InternalFailureException InternalServerError InternalServerException "
    "InternalServiceError RequestTimeout RequestTimeoutException ServiceException ServiceUnavailable "
    "ServiceUnavailableException 500 502 503 504",
}
_MEANINGS: Final = {code: meaning for meaning, codes in _CODES.items() for code in codes.split()}

# SageMaker says "not found" with a ValidationException (boto3 issue 2808), in more than one wording.
_NOT_FOUND = re.compile(r"not found|could not find|does not exist|cannot find", re.IGNORECASE)

_MESSAGE, _CODE, _SUBJECT = 500, 80, 1100


UNREADABLE: Final = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
    MemoryError,
)
"""What reading an answer raises that is not as it was expected."""


class NotReadOnly(AssertionError):  # noqa: N818 - it reads as a sentence where it is raised
    """Studbook was about to make a call that could change something; it was not sent."""


class Trouble(Exception):  # noqa: N818 - a word of the domain: it becomes a gap, not a stack trace
    """One failed call, or one loss: what it means, and in whose words."""

    def __init__(
        self, meaning: Meaning, operation: str, code: str, message: str, *, subject: str | None = None
    ) -> None:
        """`subject` is the one record or place that is concerned, where it is one: `training_job arn:...`."""
        self.meaning = meaning
        self.operation = operation
        self.code = _line(code, _CODE)
        self.message = _line(message, _MESSAGE)
        self.subject = None if subject is None else _line(subject, _SUBJECT)
        super().__init__(f"{operation}: {self.code}: {self.message}")

    def about(self, subject: str) -> Trouble:
        """The same, of one record or place."""
        return Trouble(self.meaning, self.operation, self.code, self.message, subject=self.subject or subject)

    @property
    def ends_visit(self) -> bool:
        """Whether no other call of the partition can fare better."""
        return self.meaning in ("credentials", "expired")


def _line(text: str, limit: int) -> str:
    """One line that can be stored: a server that answers with a page of HTML has many, and may cut characters."""
    text = " ".join(str(storable(text[: 10 * limit], [])).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


PART_LOST: Final = (Trouble, *UNREADABLE)
"""For a source that goes on with the next part: `except PART_LOST as error: visit.gap(error)`."""


def unreadable(operation: str, error: Exception, subject: str | None = None) -> Trouble:
    """An answer of `operation`, or one record of it, that nobody understands."""
    # Of texts that cannot be encoded Python shows the whole.
    said = error.reason if isinstance(error, UnicodeEncodeError | UnicodeDecodeError) else str(error)
    message = f"an answer is not as expected: {type(error).__name__}: {said}"
    return Trouble("invalid", operation, "Unreadable", message, subject=subject)


def left_out(operation: str, loss: Loss, subject: str | None = None) -> Trouble:
    """A value that had to be left out of an answer, or of one record."""
    return Trouble("lost", operation, "LeftOut", str(loss), subject=subject)


def no_answer(operation: str, why: str) -> Trouble:
    """A success that is none: what an empty answer lacks would else be gone."""
    return Trouble("invalid", operation, "NoAnswer", f"{why}; is there a proxy?")


def bug(operation: str, error: BaseException) -> Trouble:
    """A fault of our own, which costs one partition and nothing beyond."""
    return Trouble("invalid", operation, type(error).__name__, f"a bug in Studbook: {error}")


_CLOCK: Final = "this machine's clock is wrong: 'studbook doctor' tells how far it is off"
_LOG_IN: Final = "log in again: aws sso login"
_CURES: Final = {
    "TokenRetrievalError": _LOG_IN,
    "UnauthorizedSSOTokenError": _LOG_IN,
    "SSOTokenLoadError": _LOG_IN,
    "SSOError": _LOG_IN,
    "PendingAuthorizationExpiredError": _LOG_IN,
    "NoCredentialsError": "there are no credentials: set AWS_PROFILE, or 'aws configure', or 'aws sso login'",
    "PartialCredentialsError": "set AWS_SECRET_ACCESS_KEY beside AWS_ACCESS_KEY_ID, or neither and AWS_PROFILE",
    "ProfileNotFound": "set AWS_PROFILE to one of those that 'aws configure list-profiles' shows",
    "RefreshWithMFAUnsupportedError": "this profile asks for an MFA code, which nobody can type here: log in first "
    "(aws sts get-session-token), or use a profile without",
    "CredentialRetrievalError": "run the profile's credential_process by hand: it fails",
    "ExpiredToken": "the session has expired: log in again",
    "ExpiredTokenException": "the session has expired: log in again",
    "InvalidClientTokenId": "AWS does not know this access key: is it another partition's, or deleted?",
    "UnrecognizedClientException": "AWS does not know this access key: is it another partition's, or deleted?",
    "RequestTimeTooSkewed": _CLOCK,
    **dict.fromkeys(
        ("SignatureDoesNotMatch", "InvalidSignatureException"),
        f"the secret key is not that of the access key, or {_CLOCK}",
    ),
}


NOBODY_ANSWERS: Final = "nobody answers there: check the network, the proxy, the region's name and AWS_ENDPOINT_URL"


def network_cure(code: str) -> str | None:
    """What to look at where nobody answered; None where that is not what an error is about."""
    kind = getattr(boto, code, None)
    is_network = isinstance(kind, type) and issubclass(kind, boto.HTTPClientError | boto.ConnectionError)
    return NOBODY_ANSWERS if is_network else None


def login_cure(code: str) -> str | None:
    """What whoever calls has to do about their own login; None where that is not what an error is about.

    By the error, not by the operation: an expired login shows itself in AssumeRole, whose role is fine.
    """
    cure = _CURES.get(code)
    profile = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
    return f"{cure} --profile {profile}" if cure == _LOG_IN and profile else cure


def meaning_of(code: str) -> Meaning | None:
    """What AWS means by an error code, where it is known."""
    return _MEANINGS.get(code)


def is_throttling(code: str | None) -> bool:
    """Whether an error code says that there were too many calls."""
    return code is not None and _MEANINGS.get(code) == "throttled"


def explain(error: Exception, operation: str) -> Trouble:
    """What `error`, raised by a call of `operation`, means. Total: whatever it is, it becomes a Trouble.

    The operation of the answer is kept where it is another one: credentials are fetched inside of other calls.
    """
    match error:
        case Trouble(operation="http"):  # of the transport, which knows no operations
            return Trouble(error.meaning, operation, error.code, error.message)
        case Trouble():  # not itself: raised from itself it would be its own cause, and a walk of causes has no end
            return Trouble(error.meaning, error.operation, error.code, error.message, subject=error.subject)
        case boto.HTTPClientError() if isinstance(inner := error.kwargs.get("error"), Trouble):
            return Trouble(inner.meaning, operation, inner.code, inner.message)
        case boto.ClientError():
            return _answered(error, operation)
        case (
            boto.NoCredentialsError()
            | boto.PartialCredentialsError()
            | boto.CredentialRetrievalError()
            | boto.RefreshWithMFAUnsupportedError()
            | boto.ProfileNotFound()
            | boto.TokenRetrievalError()
            | boto.SSOError()
        ):
            meaning: Meaning = "credentials"
        case boto.HTTPClientError() | boto.ConnectionError() | boto.IncompleteReadError() | OSError():
            meaning = "network"
        case boto.UnknownServiceError() | boto.ParamValidationError() | boto.NoRegionError() | AttributeError():
            meaning = "unsupported"
        case AssertionError():
            return bug(operation, error)
        case KeyError() | TypeError() | IndexError() | RecursionError():  # botocore reads answers too
            return unreadable(operation, error)
        case _:
            meaning = "invalid"
    return Trouble(_without_role(operation, meaning), operation, type(error).__name__, str(error))


def _answered(error: boto.ClientError, operation: str) -> Trouble:
    answer = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code, message = str(answer.get("Code") or status or "Unknown"), str(answer.get("Message") or "")
    asked = error.operation_name or operation
    meaning = _MEANINGS.get(code)
    if code == "404" and not asked.startswith("Head"):
        # AWS names its errors; a bare 404 comes from something in between, and proves nothing.
        meaning = "invalid"
    if meaning is None:
        meaning = _MEANINGS.get(str(status), "server" if status >= 500 else "invalid")
    if meaning == "invalid" and code.startswith("Validation") and _NOT_FOUND.search(message):
        meaning = "gone"
    return Trouble(_without_role(asked, meaning), asked, code, message)


def _without_role(operation: str, meaning: Meaning) -> Meaning:
    """Where the role cannot be had there is nothing else to try, whatever the reason."""
    return (
        "credentials"
        if operation == "AssumeRole" and meaning in ("denied", "gone", "invalid", "unsupported")
        else meaning
    )
