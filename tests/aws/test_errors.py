"""What failures mean."""

from __future__ import annotations

import pytest
from botocore import exceptions as boto

from studbook.aws.errors import Trouble, explain


def answered(code: str, message: str = "", *, status: int = 400, operation: str = "ListModels") -> boto.ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return boto.ClientError(response, operation)


class TestExplain:
    @pytest.mark.parametrize(
        ("error", "meaning"),
        [
            (answered("AccessDeniedException"), "denied"),
            (answered("AccessDenied", operation="AssumeRole"), "credentials"),
            (answered("ExpiredTokenException"), "expired"),
            (answered("UnrecognizedClientException"), "credentials"),
            (answered("ThrottlingException"), "throttled"),
            (answered("SlowDown", status=503), "throttled"),
            (answered("ResourceNotFound"), "gone"),
            (answered("NoSuchBucket", status=404), "gone"),
            (answered("ValidationException", "Requested resource not found."), "gone"),
            (answered("ValidationException", 'Could not find model "m".'), "gone"),
            (answered("ValidationException", "1 validation error detected"), "invalid"),
            (answered("UnknownOperationException"), "unsupported"),
            (answered("InternalFailure", status=500), "server"),
            (answered("Weird", status=503), "server"),
            (answered("Weird", status=403), "denied"),
            (boto.NoCredentialsError(), "credentials"),
            (boto.EndpointConnectionError(endpoint_url="https://x"), "network"),
            (boto.ReadTimeoutError(endpoint_url="https://x"), "network"),
            (boto.ConnectionClosedError(endpoint_url="https://x"), "network"),
            (boto.ParamValidationError(report="Unknown parameter"), "unsupported"),
            (AttributeError("'SageMaker' object has no attribute 'list_jobs'"), "unsupported"),
            (ZeroDivisionError("x"), "invalid"),
        ],
    )
    def test_meanings(self, error, meaning):
        """Every failure that AWS, botocore or the network shows has one meaning."""
        assert explain(error, "ListModels").meaning == meaning

    def test_names_the_operation_that_failed(self):
        """A role that is refused inside of another call is a failure of AssumeRole."""
        assert explain(answered("AccessDenied", operation="AssumeRole"), "ListHubs").operation == "AssumeRole"

    def test_is_idempotent(self):
        """A trouble explained again says the same, and is not its own cause where it is raised from itself."""
        trouble = Trouble("denied", "ListHubs", "AccessDenied", "no", subject="hub h")

        again = explain(trouble, "Other")

        assert vars(again) == vars(trouble)
        assert again is not trouble

    def test_messages_are_cut(self):
        """A stranger's message cannot fill the envelope."""
        assert len(explain(answered("X", "m" * 10_000), "ListHubs").message) == 500
