"""`studbook ci`: the nightly job for a CI system, to be committed."""

from __future__ import annotations

import re
from pathlib import Path

import click

from studbook.cli.terminal import say, write

_CRON = re.compile(r"[\d*/,-]+( [\d*/,-]+){4}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


@click.command(
    epilog="""\b
Examples:
  studbook ci github --role arn:aws:iam::999999999999:role/ci > .github/workflows/studbook.yml
  studbook ci gitlab --role ARN --catalog s3://our-catalog/studbook --publish s3://our-docs/
  studbook ci github --pull-request --role ARN --catalog s3://our-catalog/studbook
  studbook ci gitlab --pull-request --role ARN --catalog s3://our-catalog/studbook
  studbook ci codebuild --role ARN --catalog s3://our-catalog/studbook > buildspec.yml

The role trusts the CI system's OpenID Connect provider, for this repository and branch alone ('studbook help
organisation' has the trust policy; of CodeBuild it is the project's service role). It may do what 'studbook iam --part
caller' prints, and write to the places in S3 that the catalog and the site have. A job of --pull-request runs as
whoever may push a branch: give it another role, which may read the catalog and nothing else. With a catalog in a
folder, the job commits each night to the branch of --branch; with one in S3, nothing is committed. What it publishes
into a folder a step of yours has to take from there. Nothing is asked of AWS to print a job.
"""
)
@click.argument("system", type=click.Choice(["github", "gitlab", "codebuild"]))
@click.option(
    "--pull-request",
    is_flag=True,
    help="Print the job that comments what depends on the places in S3 and the ARNs that a pull request changes; of "
    "gitlab a merge request.",
)
@click.option("--role", required=True, metavar="ARN", help="The role that the job logs in as.")
@click.option("--region", default="us-east-1", show_default=True, help="Where the role is assumed.")
@click.option("--publish", "where", metavar="TARGET", help="Where the site goes: s3://bucket/prefix/ or a folder.")
@click.option("--schedule", default="23 2 * * *", show_default=True, metavar="CRON", help="When, in UTC.")
@click.option("--branch", default="studbook", show_default=True, help="Where a catalog in a folder is committed.")
@click.option(
    "--python", "python", default="3.13", show_default=True, type=click.Choice(["3.11", "3.12", "3.13", "3.14"])
)
@click.option(
    "--catalog",
    default="catalog",
    envvar="STUDBOOK_CATALOG",
    show_default=True,
    show_envvar=True,
    metavar="DIRECTORY",
    help="The catalog folder in the repository, or s3://bucket/prefix.",
)
def ci(
    *,
    system: str,
    pull_request: bool,
    role: str,
    region: str,
    where: str | None,
    schedule: str,
    branch: str,
    python: str,
    catalog: str,
) -> None:
    """Print the nightly job for GitHub, GitLab or CodeBuild.

    It is whole: login without a secret, the night, the catalog kept, exit codes, publishing.
    """
    from studbook.ci_job import PULL_REQUEST, SYSTEMS, Job
    from studbook.errors import UsageError
    from studbook.model.ids import REGION

    for value, shape, what in (
        (role, _ROLE, "--role is a role's ARN: arn:aws:iam::999999999999:role/studbook-ci"),
        (region, REGION, "--region is a region's name: us-east-1"),
        (schedule, _CRON, '--schedule has five parts, as cron has them: "23 2 * * *"'),
        (branch, _BRANCH, "--branch is a branch's name"),
    ):
        if not shape.fullmatch(value):
            raise UsageError(f"{value!r} cannot be meant", what)
    job = Job(role, region, _address(catalog), where, schedule, python, branch)
    if pull_request:
        if system not in PULL_REQUEST:
            raise UsageError(
                "the jobs for pull requests are GitHub's and GitLab's",
                "elsewhere: studbook impact PLACE --format markdown",
            )
        write(PULL_REQUEST[system](job).encode())
        return
    if system == "codebuild" and job.in_git:
        raise UsageError(
            "a CodeBuild job has no branch to commit to", "keep the catalog in S3: --catalog s3://bucket/prefix"
        )
    write(SYSTEMS[system](job).encode())
    if job.in_git:
        say(f"make the branch first: git switch --orphan {branch}, with {job.catalog}/studbook.yml in it")


def _address(catalog: str) -> str:
    """As the job names it. It is not opened: who prints a job need not be allowed to read the bucket."""
    from studbook.errors import UsageError
    from studbook.model.ids import parse_s3

    if not catalog.startswith("s3://"):
        return str(Path(catalog))
    if parse_s3(catalog) is None:
        raise UsageError(f"{catalog!r} cannot be meant", "--catalog is a folder, or s3://bucket/prefix")
    return catalog.rstrip("/")
