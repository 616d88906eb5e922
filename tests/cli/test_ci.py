"""`studbook ci`: each job is one that its system takes, and its commands do what they say in a shell."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import check_jsonschema
import pytest
import yaml
from click.testing import CliRunner
from tests import small_catalog

from studbook.ci_job import PULL_REQUEST, SYSTEMS, Job, impact, night
from studbook.cli import main

TOP = Path(__file__).parent.parent.parent
ROLE = "arn:aws:iam::999999999999:role/studbook-ci"
S3 = Job(ROLE, "us-east-1", "s3://our-catalog/studbook", "s3://our-docs/models/")
GIT = Job(ROLE, "us-east-1", "catalog")
SCHEMAS = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}


def conforms(system: str, file: Path) -> None:
    """A job is one by its system's schema; within this process, since check-jsonschema takes seconds to be loaded."""
    words = ["--builtin-schema", SCHEMAS[system], str(file)]
    said = CliRunner().invoke(check_jsonschema.main, words, catch_exceptions=False)
    assert said.exit_code == 0, said.output


@pytest.mark.parametrize("job", [S3, GIT], ids=["s3", "git"])
@pytest.mark.parametrize("system", SCHEMAS)
def test_the_job_is_one_by_its_systems_schema(system: str, job: Job, tmp_path: Path) -> None:
    """Validated by check-jsonschema 0.39 with the schemas that it brings, offline."""
    file = tmp_path / "job.yml"
    file.write_text(SYSTEMS[system](job))
    conforms(system, file)


@pytest.mark.parametrize("file", sorted((TOP / ".github" / "workflows").glob("*.yml")), ids=lambda file: file.name)
def test_our_own_workflows(file: Path) -> None:
    """By the same schema; each action is pinned to a commit, and what a step runs is a program of the repository."""
    conforms("github", file)
    jobs = yaml.safe_load(file.read_text())["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]) for step in steps if "uses" in step)
    runs = [step["run"] for step in steps if "run" in step]
    assert runs
    assert all(os.access(TOP / run.split()[0], os.X_OK) for run in runs)


def test_a_buildspec_has_its_parts() -> None:
    """Version, phases and commands, as CodeBuild reads them."""
    spec = yaml.safe_load(SYSTEMS["codebuild"](S3))
    assert spec["version"] == 0.2
    assert all(isinstance(command, str) for phase in spec["phases"].values() for command in phase["commands"])


def test_actions_are_pinned_and_rights_are_few() -> None:
    """A tag can be moved, a commit cannot; a catalog in S3 needs no right to write into the repository."""
    for job, contents in ((S3, "read"), (GIT, "write")):
        text = SYSTEMS["github"](job)
        uses = [line.split("uses: ")[1] for line in text.splitlines() if "uses: " in line]
        assert uses
        assert all(len(one.split("@")[1].split()[0]) == 40 for one in uses)
        assert yaml.safe_load(text)["permissions"] == {"contents": contents, "id-token": "write"}


class TestShell:
    """The night's commands, run by a shell, with a studbook that exits as it is told."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        program = tmp_path / "bin" / "studbook"
        program.parent.mkdir()
        program.write_text('#!/bin/sh\necho "$*" > told\nmkdir -p catalog && date +%s%N > catalog/new\nexit "$EXIT"\n')
        program.chmod(0o755)
        return tmp_path

    def run(self, folder: Path, job: Job, code: int) -> int:
        env = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "EXIT": str(code)}
        return subprocess.run(["sh", "-e", "-c", night(job)], check=False, cwd=folder, env=env).returncode

    @pytest.mark.parametrize(("code", "outcome"), [(0, 0), (1, 0), (3, 0), (2, 2), (4, 4), (5, 5)])
    def test_exit_codes(self, folder: Path, code: int, outcome: int) -> None:
        """Findings and gaps are told and fail nothing; all else fails the job, with the night's own code."""
        assert self.run(folder, S3, code) == outcome
        assert (folder / "told").read_text().split() == [
            "nightly",
            "--catalog",
            "s3://our-catalog/studbook",
            "--publish",
            "s3://our-docs/models/",
        ]

    def test_a_catalog_in_git_is_pushed_whatever_the_night_found(self, folder: Path) -> None:
        """A snapshot that was written is kept, also where a later step failed; a push that comes second is refused."""

        def git(*words: str) -> str:
            told = subprocess.run(["git", *words], check=True, cwd=folder, capture_output=True, text=True)
            return told.stdout

        git("init", "--quiet", "--bare", "remote")
        git("init", "--quiet", "--initial-branch=studbook")
        git("remote", "add", "origin", "remote")
        assert self.run(folder, GIT, 5) == 5
        assert git("log", "--format=%s", "origin/studbook").split() == ["Snapshot"]

        git("clone", "--quiet", "--branch", "studbook", "remote", "other")
        (folder / "other" / "catalog" / "theirs").write_text("x")
        for words in (
            ["add", "."],
            ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "theirs"],
            ["push", "-q"],
        ):
            subprocess.run(["git", *words], check=True, cwd=folder / "other")
        assert self.run(folder, GIT, 0) != 0
        assert git("--git-dir=remote", "log", "--format=%s", "studbook").split() == ["theirs", "Snapshot"]


@dataclass
class GitLab:
    """Notes of one merge request, as https://docs.gitlab.com/api/notes/ has them: who asks is told by a token."""

    notes: list[dict[str, Any]]
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """User, pages of notes, a new note, a changed one; the author alone may change it."""
        address = urlsplit(handler.path)
        self.asked.append(f"{handler.command} {address.path}")
        given = parse_qs(handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode())
        query, (_, _, note_id) = (
            parse_qs(address.query),
            address.path.partition("/api/projects/7/merge_requests/3/notes"),
        )
        status, said, next_page = HTTPStatus.OK, {}, ""
        if handler.headers["Private-Token"] != "of-the-bot":
            status = HTTPStatus.UNAUTHORIZED
        elif address.path == "/api/user":
            said = {"id": 42}
        elif handler.command == "GET":
            size, page = int(query["per_page"][0]), int(query["page"][0])
            said = self.notes[size * (page - 1) : size * page]
            next_page = str(page + 1) if len(self.notes) > size * page else ""
        elif handler.command == "POST":
            self.notes.append({"id": 9000, "author": {"id": 42}, "body": given["body"][0]})
            status = HTTPStatus.CREATED
        else:
            (note,) = (one for one in self.notes if f"/{one['id']}" == note_id)
            status = HTTPStatus.OK if note["author"]["id"] == 42 else HTTPStatus.FORBIDDEN
            note["body"] = given["body"][0]
        handler.send_response(status)
        handler.send_header("X-Next-Page", next_page)
        handler.end_headers()
        handler.wfile.write(json.dumps(said).encode())


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    """A page of notes by others, one of which begins as the job's own."""
    made = GitLab([{"id": n, "author": {"id": n}, "body": "<!-- studbook -->" if n == 1 else "hm"} for n in range(100)])

    class Handler(BaseHTTPRequestHandler):
        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return lambda: made.answer(self)
            raise AttributeError(name)

        def log_message(self, *args: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}/api"
        Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


@dataclass
class Change:
    """A repository with a catalog on a branch of its remote, and a change."""

    folder: Path
    env: dict[str, str]

    def run(self, script: str) -> str:
        """What the comment is after a script."""
        subprocess.run(["bash", "-eo", "pipefail", "-c", script], check=True, cwd=self.folder, env=self.env)
        return (self.folder / "comment.txt").read_text()


@pytest.fixture
def change(tmp_path: Path) -> Change:
    folder = tmp_path / "work"

    def git(*words: str, cwd: Path = folder) -> str:
        who = ("-c", "user.name=x", "-c", "user.email=x@y")
        return subprocess.run(["git", *who, *words], check=True, cwd=cwd, capture_output=True, text=True).stdout

    nights = tmp_path / "nights"
    small_catalog.catalog(nights / "catalog")
    git("init", "--quiet", "--initial-branch=studbook", cwd=nights)
    git("add", "--all", cwd=nights)
    git("commit", "--quiet", "-m", "Snapshot", cwd=nights)
    folder.mkdir()
    git("init", "--quiet")
    git("remote", "add", "origin", str(nights))
    git("fetch", "--quiet", "origin")
    (folder / "train.yml").write_text("data: s3://herd/chats/\nkept: s3://herd/untouched/\n")
    git("add", "train.yml")
    git("commit", "--quiet", "-m", "one")
    base = git("rev-parse", "HEAD").strip()
    (folder / "train.yml").write_text(
        f"data: 's3://new-place/$(touch bad)/'\nrole: {small_catalog.PACKAGE_1}.\nkept: s3://herd/untouched/\n"
    )
    git("commit", "--quiet", "-am", "two")
    return Change(folder, os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "BASE": base})


class TestPullRequest:
    """The jobs that comment a pull request, and a merge request."""

    @pytest.mark.parametrize("job", [S3, GIT], ids=["s3", "git"])
    @pytest.mark.parametrize("system", PULL_REQUEST)
    def test_the_job(self, system: str, job: Job, tmp_path: Path) -> None:
        """By the system's schema; each action is pinned, and GitHub's reads the repository and writes the comment."""
        text = PULL_REQUEST[system](job)
        (tmp_path / "job.yml").write_text(text)
        conforms(system, tmp_path / "job.yml")
        rights = yaml.safe_load(text).get("permissions", {})
        assert rights == (
            {"contents": "read", "id-token": "write", "pull-requests": "write"} if system == "github" else {}
        )
        assert all(re.match(r"[\w-]+/[\w-]+@[0-9a-f]{40} ", one) for one in text.split("uses: ")[1:])

    def test_a_change_is_answered(self, change: Change) -> None:
        """Places and ARNs of lines that come or go are asked about, by the real program; of unknown ones it is said."""
        told = change.run(impact(GIT))

        assert told.startswith("<!-- studbook -->\n### What depends")
        assert "`s3://herd/chats/`\n\n```text\n" in told
        assert f"`{small_catalog.PACKAGE_1}`\n\n```text\n" in told
        assert "`s3://new-place/` is in no snapshot" in told
        assert "untouched" not in told
        assert not (change.folder / "bad").exists()
        assert told.count("```") % 2 == 0

    def test_one_note_at_a_merge_request(self, change: Change, gitlab: GitLab) -> None:
        """Written with the first push, changed with the next; nobody else's, however it begins, and none where the
        token is refused."""
        change.env |= {
            "CI_API_V4_URL": gitlab.url,
            "CI_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_IID": "3",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": change.env.pop("BASE"),
            "STUDBOOK_NOTE_TOKEN": "of-the-bot",
        }
        install, answer, note = yaml.safe_load(PULL_REQUEST["gitlab"](GIT))["studbook-impact"]["script"]
        assert "pip install" in install
        told = change.run(f"{answer}\n{note}")
        assert "`s3://new-place/` is in no snapshot" in told
        assert [one["body"] for one in gitlab.notes[100:]] == [told]

        told = change.run(f"echo '<!-- studbook --> nothing now' > comment.txt; : > places.txt\n{note}")
        assert [one["body"] for one in gitlab.notes[100:]] == [told]
        assert {one.split()[0] for one in gitlab.asked} == {"GET", "POST", "PUT"}
        assert gitlab.notes[1]["body"] == "<!-- studbook -->"

        change.env["STUDBOOK_NOTE_TOKEN"] = "another"
        with pytest.raises(subprocess.CalledProcessError):
            change.run(note)


class TestCommand:
    def run(self, capsysbinary: pytest.CaptureFixture[bytes], *words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            main(["ci", *words])
        told = capsysbinary.readouterr()
        return int(end.value.code or 0), (told.out + told.err).decode()

    def test_prints_a_job(self, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        """With the role, the catalog and the schedule that were named."""
        code, out = self.run(capsysbinary, "github", "--role", ROLE, "--schedule", "5 4 * * 1")
        job = yaml.safe_load(out.partition("make the branch")[0])
        assert code == 0
        assert job[True]["schedule"] == [{"cron": "5 4 * * 1"}]  # YAML 1.1 reads `on` as true
        assert json.dumps(job).count(ROLE) == 1

    def test_a_catalog_in_s3_is_named_and_not_asked(
        self, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The job is printed where nobody is logged in; its catalog is the address, and nothing is committed."""
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        code, out = self.run(capsysbinary, "gitlab", "--role", ROLE, "--catalog", "s3://our-catalog/studbook/")
        assert code == 0
        assert "studbook nightly --catalog s3://our-catalog/studbook ||" in out
        assert "git push" not in out

    @pytest.mark.parametrize(
        "words",
        [
            ("--role", "studbook-ci"),
            ("--role", ROLE, "--schedule", "every night"),
            ("--role", ROLE, "--branch", "x; rm -rf /"),
            ("--role", ROLE, "--region", "$(id)"),
            ("--role", ROLE, "--catalog", "s3://"),
        ],
    )
    def test_what_cannot_be_meant(self, capsysbinary: pytest.CaptureFixture[bytes], words: tuple[str, ...]) -> None:
        """Exit code 2, and how it is written; nothing of it gets into a job."""
        code, out = self.run(capsysbinary, "gitlab", *words)
        assert code == 2
        assert "cannot be meant" in out
