"""Production runs a model version out of a development account.

The endpoint's account is production, and the version that it runs is registered in an account of one of the stages
named below: nobody promoted it, so whoever may write in development decides what production runs.

**Mend it:** copy the version into the production account's registry, have it approved there, and deploy the copy.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from studbook.rules.interface import Inspection, Observation, Rule
from studbook.settings import RuleSettings


class Stages(RuleSettings):
    """From where nothing may be deployed to production."""

    stages: tuple[str, ...] = Field(
        default=("development", "dev", "sandbox", "experimental"),
        description="Stages of accounts from which production runs nothing; development, dev, sandbox, experimental.",
    )


def check(seen: Inspection) -> Iterator[Observation]:
    stages = {stage.lower() for stage in seen.parameters(Stages).stages}
    for several in seen.in_production.values():
        for version, endpoint, _ in several:
            named = endpoint.stage is not None and endpoint.account != version.account
            if named and (version.stage or "").lower() in stages:
                where = f"registered in {version.account}, an account of the stage {version.stage}"
                yield Observation(endpoint.id, f"runs {seen.handle(version)}, {where}", subject=version.id)


RULE = Rule(
    "deployed-without-promotion",
    "warning",
    check,
    __doc__,
    mend="promote the version, and deploy the copy",
    parameters=Stages,
)
