"""moto on the demo's clock: the same times, version ids and revisions in every run of the story.

moto 5.2.5 looks its time up by name in each module and draws ids from one seedable generator; `tests/demo` has a canary
that fails when either changes. Lambda's LastModified and RevisionId move with the code here, as they do at AWS.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import moto.awslambda.models as lambda_models
import moto.core.utils
import moto.s3.models as s3_models
from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.organizations.utils import PAGINATION_MODEL as ORGANIZATION_PAGES

from studbook.demo.cloud.clock import Clock


def application(clock: Clock) -> Callable[..., Iterable[bytes]]:
    """moto's WSGI application on this clock."""
    default_user_config["lambda"] = {"use_docker": False}
    for module in (moto.core.utils, s3_models, lambda_models):
        _replace(module, "utcnow", clock.naive)
    _replace(lambda_models, "iso_8601_datetime_with_nanoseconds", lambda: _lambda_time(clock))
    # By the time of joining, as moto has it, a page of accounts of one moment is followed by itself for ever.
    ORGANIZATION_PAGES["list_accounts"]["unique_attribute"] = "Id"

    function = lambda_models.LambdaFunction
    update_code, get_configuration = function.update_function_code, function.get_configuration

    def update_function_code(self: Any, spec: dict[str, Any]) -> dict[str, Any]:
        self.last_modified = _lambda_time(clock)
        return update_code(self, spec)

    def get_whole_configuration(self: Any, *args: Any, **more: Any) -> dict[str, Any]:
        configuration: dict[str, Any] = get_configuration(self, *args, **more)
        state = json.dumps([self.function_arn, self.last_modified, configuration.get("CodeSha256")])
        return {**configuration, "RevisionId": str(UUID(hashlib.md5(state.encode()).hexdigest()))}  # noqa: S324

    buckets = s3_models.S3Backend
    list_versions = buckets.list_object_versions

    def list_object_versions(
        self: Any, name: str, *, key_marker: str | None = None, version_id_marker: str | None = None, **more: Any
    ) -> Any:
        """As AWS: what follows a key marker, be there such a key or not, where moto leaves the first of it out."""
        if key_marker and not version_id_marker:
            stored = self.get_bucket(name).keys
            before = [key for key, _ in stored.iterlists() if key <= key_marker]
            key_marker = max(before, default=None)
            if key_marker is not None:
                version_id_marker = stored.getlist(key_marker)[0].version_id
        return list_versions(self, name, key_marker=key_marker, version_id_marker=version_id_marker, **more)

    _replace(buckets, "list_object_versions", list_object_versions)
    _replace(function, "update_function_code", update_function_code)
    _replace(function, "get_configuration", get_whole_configuration)
    move(clock, clock.now)
    return DomainDispatcherApplication(create_backend_app)


def reset(clock: Clock) -> None:
    """Takes all that was made in moto away, and sets the time to its beginning."""
    BackendDict.reset()
    reset_model_data()
    clock.reset()
    mock_random.seed(clock.seed)


def move(clock: Clock, now: datetime) -> None:
    """Sets the time, and the ids of what happens at that time."""
    clock.set(now)
    mock_random.seed(clock.seed)


def _replace(owner: object, name: str, value: object) -> None:
    """Fails where moto has no such name any more, rather than leaving its own clock running."""
    getattr(owner, name)
    setattr(owner, name, value)


def _lambda_time(clock: Clock) -> str:
    return clock.naive().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
