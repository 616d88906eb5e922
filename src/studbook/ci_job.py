"""The nightly job for a CI system: GitHub Actions, GitLab CI/CD or AWS CodeBuild, as text to be committed.

No secret is in it: the job logs in by OpenID Connect (CodeBuild: as the project's service role), as a role that may
assume the readers' roles (`studbook iam --part caller`) and write where catalog and site are. Actions are pinned to
commits, Studbook to a version. The catalog is in S3, or in a branch of the repository that the job commits to: a push
that is no fast-forward is refused, so two nights at once cannot both win.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from studbook import __version__

CHECKOUT: Final = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683  # v4.2.2"
SETUP_PYTHON: Final = "actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065  # v5.6.0"
LOGIN: Final = "aws-actions/configure-aws-credentials@7474bc4690e29a8392af63c5b98e7449536d5c3a  # v4.3.1"


@dataclass(frozen=True, slots=True)
class Job:
    """What the job is to do."""

    role: str
    """The role that it logs in as."""
    region: str
    catalog: str
    """`s3://bucket/prefix`, or a folder of the repository."""
    publish: str | None = None
    schedule: str = "23 2 * * *"
    """When, as cron has it, in UTC; not at the full hour, when everybody's jobs begin."""
    python: str = "3.13"
    branch: str = "studbook"
    """Where a catalog in the repository is committed."""

    @property
    def in_git(self) -> bool:
        """Whether the catalog is in the repository."""
        return not self.catalog.startswith("s3://")

    @property
    def nightly(self) -> str:
        """The command."""
        words = ["studbook", "nightly", "--catalog", self.catalog]
        return shlex.join([*words, *(("--publish", self.publish) if self.publish else ())])


def _indented(text: str, columns: int) -> str:
    return "\n".join(" " * columns + line if line else line for line in text.splitlines())


def install() -> str:
    """What the job needs: graphviz for the pictures, and Studbook."""
    return (
        f"sudo apt-get update -qq && sudo apt-get install -qq -y graphviz\npip install --quiet studbook=={__version__}"
    )


def night(job: Job) -> str:
    """The night, and what its exit code means to CI: findings and gaps are told, and fail nothing."""
    keep = f"\n{_commit_catalog(job)}" if job.in_git else ""
    return f"""code=0
{job.nightly} || code=$?{keep}
case "$code" in
  0) ;;
  1) echo "studbook: there are findings" ;;
  3) echo "studbook: a part could not be seen" ;;
  *) exit "$code" ;;
esac"""


def _commit_catalog(job: Job) -> str:
    """Commits the catalog, if there is a new snapshot."""
    return f"""git add --all -- {shlex.quote(job.catalog)}
if ! git diff --cached --quiet; then
  git -c user.name=studbook -c user.email=studbook@localhost commit --quiet --message "Snapshot"
  git push origin HEAD:{shlex.quote(job.branch)}
fi"""


def github(job: Job) -> str:
    """A workflow for `.github/workflows/studbook.yml`."""
    ref = (
        f"\n        with:\n          ref: {job.branch}"
        if job.in_git
        else "\n        with:\n          persist-credentials: false"
    )
    return f"""# The nightly lineage catalog. Written by 'studbook ci github'; write it again after an upgrade.
name: studbook
on:
  schedule:
    - cron: "{job.schedule}"
  workflow_dispatch: {{}}
permissions:
  contents: {"write" if job.in_git else "read"}
  id-token: write # logs in to AWS
concurrency:
  group: studbook
  cancel-in-progress: false
jobs:
  nightly:
    runs-on: ubuntu-24.04
    timeout-minutes: 180
    steps:
      - uses: {CHECKOUT}{ref}
      - uses: {SETUP_PYTHON}
        with:
          python-version: "{job.python}"
      - name: Install
        run: |
{_indented(install(), 10)}
      - uses: {LOGIN}
        with:
          role-to-assume: {job.role}
          aws-region: {job.region}
          role-duration-seconds: 10800
      - name: Night
        run: |
{_indented(night(job), 10)}
"""


def impact(job: Job) -> str:
    """What depends on the places in S3 and the ARNs of a change, as Markdown in `comment.txt`.

    Commands of a shell: from `$BASE` to HEAD, of lines that come or go. A place that is in no snapshot is named as
    such; a catalog that cannot be read fails, lest its silence be taken for an answer.
    """
    catalog = shlex.quote(job.catalog)
    at = '"$nights/"' if job.in_git else ""
    nights = f'nights=$(mktemp -d)\ngit worktree add --quiet --detach "$nights" "origin/{job.branch}"\n' if at else ""
    return f"""{nights}studbook log --catalog {at}{catalog} > nights.txt
git diff --unified=0 "$BASE"...HEAD > diff.txt
grep '^[-+]' diff.txt | grep -oE '{_PLACES}' | sed 's/[].,:;)]*$//' | sort -u > places.txt || true
echo '<!-- studbook -->' > comment.txt
echo '### What depends on what this changes' >> comment.txt
head -n {_MOST} places.txt | while IFS= read -r place; do
  code=0
  studbook impact --catalog {at}{catalog} --format markdown -- "$place" > answer.md 2> error.txt || code=$?
  case "$code" in
    0) printf '\n`%s`\n\n' "$place" >> comment.txt; cat answer.md >> comment.txt ;;
    2) printf '\n`%s` is in no snapshot, or means several things.\n' "$place" >> comment.txt ;;
    *) cat error.txt >&2; exit "$code" ;;
  esac
done
more=$(($(wc -l < places.txt) - {_MOST}))
if [ "$more" -gt 0 ]; then printf '\n%s more places were not asked about.\n' "$more" >> comment.txt; fi"""


_PLACES: Final = (
    r"s3://[a-z0-9.-]+(/[A-Za-z0-9!_.*()/=@-]*)?|arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:[A-Za-z0-9:/._-]+"
)
_MOST: Final = 20
"""Places in a comment, which has at most 65,536 characters."""


def github_pull_request(job: Job) -> str:
    """A workflow for `.github/workflows/studbook-impact.yml`: one comment for a pull request, kept up to date."""
    return f"""# What depends on what a pull request changes, by last night's catalog.
# Written by 'studbook ci github --pull-request'; write it again after an upgrade.
name: studbook impact
on:
  pull_request: {{}}
permissions:
  contents: read
  id-token: write # logs in to AWS, to read the catalog
  pull-requests: write # the comment
concurrency:
  group: studbook-impact-${{{{ github.ref }}}}
  cancel-in-progress: true
jobs:
  impact:
    if: ${{{{ !github.event.pull_request.head.repo.fork }}}} # to a fork GitHub gives no login
    runs-on: ubuntu-24.04
    timeout-minutes: 15
    steps:
      - uses: {CHECKOUT}
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: {SETUP_PYTHON}
        with:
          python-version: "{job.python}"
      - run: pip install --quiet studbook=={__version__}
      - uses: {LOGIN}
        with:
          role-to-assume: {job.role}
          aws-region: {job.region}
      - name: Impact
        env:
          BASE: ${{{{ github.event.pull_request.base.sha }}}}
        run: |
{_indented(impact(job), 10)}
          cat comment.txt >> "$GITHUB_STEP_SUMMARY"
      - name: Comment
        env:
          GH_TOKEN: ${{{{ github.token }}}}
          COMMENTS: repos/${{{{ github.repository }}}}/issues
          NUMBER: ${{{{ github.event.number }}}}
        run: |
          mine='.[] | select(.user.login == "github-actions[bot]" and (.body | startswith("<!-- studbook -->"))) | .id'
          id=$(gh api --paginate "$COMMENTS/$NUMBER/comments" --jq "$mine" | head -n 1)
          if [ -n "$id" ]; then
            gh api --silent --method PATCH "$COMMENTS/comments/$id" --field body=@comment.txt
          elif [ -s places.txt ]; then
            gh api --silent --method POST "$COMMENTS/$NUMBER/comments" --field body=@comment.txt
          fi
"""


def gitlab(job: Job) -> str:
    """A job for `.gitlab-ci.yml`; its schedule is made in the project, under Build, Pipeline schedules."""
    head = f'git checkout -B {shlex.quote(job.branch)} "origin/{job.branch}"\n' if job.in_git else ""
    remote = (
        'git remote set-url origin "https://studbook:${STUDBOOK_PUSH_TOKEN}@${CI_SERVER_HOST}/${CI_PROJECT_PATH}.git"\n'
        if job.in_git
        else ""
    )
    return f"""# The nightly lineage catalog. Written by 'studbook ci gitlab'; write it again after an upgrade.
# Its schedule: Build, Pipeline schedules, "{job.schedule}".{_token(job)}
studbook:
  image: python:{job.python}-slim
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
    - if: $CI_PIPELINE_SOURCE == "web"
  resource_group: studbook # one at a time
  timeout: 3h
{_login(job)}
    GIT_DEPTH: "1"
  script:
    - |
      apt-get update -qq && apt-get install -qq -y graphviz{" git" if job.in_git else ""}
      pip install --quiet studbook=={__version__}
      {_KEEP_LOGIN}
{_indented(head + remote + night(job), 6)}
"""


def gitlab_merge_request(job: Job) -> str:
    """A job for `.gitlab-ci.yml`: one note at a merge request, kept up to date.

    GitLab's job token may write no note (November 2026), so a project access token does. Its bot's own note is looked
    for, whoever else begins one with the same words.
    """
    fetch = (
        f"git fetch --quiet origin +refs/heads/{job.branch}:refs/remotes/origin/{job.branch}\n" if job.in_git else ""
    )
    return f"""# What depends on what a merge request changes, by last night's catalog.
# Written by 'studbook ci gitlab --pull-request'; write it again after an upgrade.
# STUDBOOK_NOTE_TOKEN, a variable that is masked and not protected, is a project access token: scope api, role Reporter.
studbook-impact:
  image: python:{job.python}-slim
  rules: # not from a fork: it would get the token
    - if: $CI_MERGE_REQUEST_IID && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID
  timeout: 15m
  interruptible: true
{_login(job)}
    GIT_DEPTH: "0"
  script:
    - |
      apt-get update -qq && apt-get install -qq -y git curl jq
      pip install --quiet studbook=={__version__}
      {_KEEP_LOGIN}
    - |
      BASE=$CI_MERGE_REQUEST_DIFF_BASE_SHA
{_indented(fetch + impact(job), 6)}
      cat comment.txt
    - |
{_indented(_NOTE, 6)}
"""


_NOTE: Final = """\
gitlab() {
  curl --silent --show-error --fail-with-body --header "PRIVATE-TOKEN: $STUDBOOK_NOTE_TOKEN" "$@"
}
notes=$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes
bot=$(gitlab "$CI_API_V4_URL/user" | jq .id)
mine='.[] | select(.author.id == $bot and (.body | startswith("<!-- studbook -->"))) | .id'
id= page=1
while [ -z "$id" ] && [ -n "$page" ]; do
  gitlab --dump-header headers.txt "$notes?sort=asc&per_page=100&page=$page" > notes.json
  id=$(jq --argjson bot "$bot" "$mine" notes.json | head -n 1)
  page=$(tr -d '\\r' < headers.txt | sed -n 's/^[Xx]-[Nn]ext-[Pp]age: *//p')
done
if [ -n "$id" ]; then
  gitlab --output /dev/null --request PUT --data-urlencode body@comment.txt "$notes/$id"
elif [ -s places.txt ]; then
  gitlab --output /dev/null --data-urlencode body@comment.txt "$notes"
fi"""
"""GitLab's REST API for notes: https://docs.gitlab.com/api/notes/#merge-requests."""


_KEEP_LOGIN: Final = 'printf %s "$STUDBOOK_ID_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"'


def _login(job: Job) -> str:
    """How a job of GitLab logs in to AWS, and the beginning of its variables."""
    return f"""\
  id_tokens:
    STUDBOOK_ID_TOKEN:
      aud: https://gitlab.com # of your own server, its address
  variables:
    AWS_ROLE_ARN: {job.role}
    AWS_REGION: {job.region}
    AWS_WEB_IDENTITY_TOKEN_FILE: /tmp/studbook-id-token"""


def _token(job: Job) -> str:
    return "\n# STUDBOOK_PUSH_TOKEN, a masked variable, is a project access token that may push." if job.in_git else ""


def codebuild(job: Job) -> str:
    """A buildspec for AWS CodeBuild, started by an EventBridge schedule; it runs as the project's own service role."""
    return f"""# The nightly lineage catalog. Written by 'studbook ci codebuild'; write it again after an upgrade.
# The project's service role is {job.role}; an EventBridge schedule starts it: cron({_eventbridge(job.schedule)}).
version: 0.2
env:
  variables:
    AWS_REGION: {job.region}
phases:
  install:
    runtime-versions:
      python: "{job.python}"
    commands:
      - apt-get update -qq && apt-get install -qq -y graphviz
      - pip install --quiet studbook=={__version__}
  build:
    commands:
      - |
{_indented(night(job), 8)}
"""


def _eventbridge(schedule: str) -> str:
    """The same time as EventBridge writes it: with a year, and a `?` for one of the days."""
    minute, hour, day, month, weekday = schedule.split()
    return f"{minute} {hour} {day} {month} ? *" if weekday == "*" else f"{minute} {hour} ? {month} {weekday} *"


SYSTEMS: Final[dict[str, Callable[[Job], str]]] = {"github": github, "gitlab": gitlab, "codebuild": codebuild}
PULL_REQUEST: Final[dict[str, Callable[[Job], str]]] = {"github": github_pull_request, "gitlab": gitlab_merge_request}
"""The jobs that comment what depends on a change."""
