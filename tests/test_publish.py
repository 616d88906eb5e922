"""`studbook publish`, over HTTP into a fake S3: what is there afterwards, and at what price."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests import small_catalog as small
from tests.s3_buckets import empty_bucket, keys_in

from studbook.cli import main
from studbook.errors import PublishError, UsageError
from studbook.model.ids import S3Uri
from studbook.publish import publish

BUCKET = "our-docs"
TO = S3Uri(BUCKET, "models/")
FIRST = {"index.html": "one", "jobs/index.html": "jobs", "assets/a.css": "a{}", "assets/same.css": "a{}"}
SECOND = {"index.html": "two", "jobs/index.html": "jobs", "assets/a.css": "a{}"}


def site(folder: Path, versions: Mapping[int, Mapping[str, str]]) -> Path:
    """A built site's folder, with `latest` as the newest."""
    for name, files in [
        *((str(number), files) for number, files in versions.items()),
        ("latest", versions[max(versions)]),
    ]:
        for path, text in files.items():
            file = folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    (folder / "index.html").write_text("to latest")
    (folder / ".studbook").mkdir(exist_ok=True)
    (folder / ".studbook" / "layout").write_text("for the next build")
    rows = [
        {"version": str(number), "title": f"{number} · day", "aliases": []} for number in sorted(versions, reverse=True)
    ]
    rows[0]["aliases"] = ["latest"]
    (folder / "versions.json").write_text(json.dumps(rows))
    return folder


@pytest.fixture
def client(fake_aws, monkeypatch):
    """S3 with one empty bucket, written with the caller's own credentials."""
    return empty_bucket(fake_aws, monkeypatch, BUCKET)


def there(client) -> dict[str, str]:
    """The published files, by path, without Studbook's own lists."""
    found = {key.removeprefix("models/"): key for key in keys_in(client, BUCKET) if "/.studbook/" not in key}
    return {name: client.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for name, key in found.items()}


def here(folder: Path) -> dict[str, str]:
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_text() for name, path in files.items() if not name.startswith(".")}


class TestPublish:
    def test_what_is_there_is_what_is_here(self, client, tmp_path):
        """Every version, latest and the files beside them; what serves the next build alone stays here."""
        folder = site(tmp_path, {1: FIRST, 2: SECOND})

        done = publish(folder, TO, client)

        said, listed = there(client), here(folder)
        assert json.loads(said.pop("versions.json")) == json.loads(listed.pop("versions.json"))
        assert said == listed
        assert done.versions == ["1", "2", "latest"]

    def test_bytes_travel_once(self, client, tmp_path):
        """What two versions share is copied there: five contents and the two files beside the versions are sent."""
        done = publish(site(tmp_path, {1: FIRST, 2: SECOND}), TO, client)

        assert done.sent == len({*FIRST.values(), *SECOND.values()}) + 2
        assert done.copied == len(FIRST) + 2 * len(SECOND) - (done.sent - 2)

    def test_again_costs_three_lists(self, client, tmp_path):
        """Nothing is compared with the bucket's objects themselves."""
        folder = site(tmp_path, {1: FIRST, 2: SECOND})
        publish(folder, TO, client)

        done = publish(folder, TO, client)

        assert (done.copied, done.removed, done.sent) == (0, 0, 2)
        assert done.calls == {"ListObjectsV2": 1, "GetObject": 4, "PutObject": 2, "CopyObject": 0}

    def test_tonights_site_alone(self, client, tmp_path):
        """A machine without yesterday's site publishes beside it; the selector has both, what is equal is copied."""
        publish(site(tmp_path / "a", {1: FIRST}), TO, client)

        tonight = site(tmp_path / "b", {2: SECOND})
        done = publish(tonight, TO, client)

        said = there(client)
        assert {name.partition("/")[0] for name in said} == {"1", "2", "latest", "index.html", "versions.json"}
        assert [(row["version"], row["aliases"]) for row in json.loads(said["versions.json"])] == [
            ("2", ["latest"]),
            ("1", []),
        ]
        assert done.sent == 1 + 2
        assert said["latest/index.html"] == "two"
        assert "latest/assets/same.css" not in said
        again = publish(tonight, TO, client)
        assert (done.removed, again.removed, again.changed) == (1, 0, [])

    def test_what_is_not_kept_is_taken_away_and_nothing_else(self, client, tmp_path):
        """Whatever else lies in the bucket, below the prefix too, is not Studbook's to delete."""
        folder = site(tmp_path, {1: FIRST, 2: SECOND})
        publish(folder, TO, client)
        for key in ("models/1/by-hand.txt", "models-other/1/index.html"):
            client.put_object(Bucket=BUCKET, Key=key, Body=b"mine")

        done = publish(folder, TO, client, drop={1})

        left = keys_in(client, BUCKET)
        assert [key for key in left if key.startswith("models/1/")] == ["models/1/by-hand.txt"]
        assert "models-other/1/index.html" in left
        assert "models/.studbook/1.json.gz" not in left
        assert done.removed_versions == ["1"]
        assert [row["version"] for row in json.loads(there(client)["versions.json"])] == ["2"]

    def test_the_newest_is_never_taken_away(self, client, tmp_path):
        """Whatever is asked."""
        publish(site(tmp_path, {1: FIRST, 2: SECOND}), TO, client, drop={1, 2})

        assert {name.partition("/")[0] for name in there(client)} == {"2", "latest", "index.html", "versions.json"}

    def test_a_version_that_was_made_again(self, client, tmp_path):
        """The newest is compared each time, an older one where everything is asked for."""
        publish(site(tmp_path, {1: FIRST, 2: SECOND}), TO, client)
        folder = site(tmp_path, {1: FIRST | {"index.html": "ONE"}, 2: SECOND | {"index.html": "TWO"}})

        publish(folder, TO, client)
        assert (there(client)["1/index.html"], there(client)["2/index.html"]) == ("one", "TWO")

        publish(folder, TO, client, everything=True)
        assert there(client)["1/index.html"] == "ONE"

    @pytest.mark.parametrize("operation", ["PutObject", "CopyObject", "DeleteObjects"])
    def test_what_failed_goes_on(self, client, fake_aws, tmp_path, operation):
        """A run that was refused half-way is an error with the way out; the next one makes it whole."""
        publish(site(tmp_path / "a", {1: FIRST}), TO, client)
        folder = site(tmp_path / "b", {2: SECOND})
        fake_aws.fault("AccessDenied", status=403, service="s3", operation=operation)

        with pytest.raises(PublishError) as raised:
            publish(folder, TO, client)
        assert "AccessDenied" in raised.value.message
        fake_aws.heal()
        publish(folder, TO, client)

        said = there(client)
        assert {name: text for name, text in said.items() if name.startswith(("2/", "latest/"))} == {
            name: text for name, text in here(folder).items() if name.startswith(("2/", "latest/"))
        }

    def test_the_lists_say_what_is_there(self, client, tmp_path):
        """A path and the SHA-256 of its bytes, so that anybody can check a published version."""
        publish(site(tmp_path, {1: FIRST}), TO, client)

        body = client.get_object(Bucket=BUCKET, Key="models/.studbook/1.json.gz")["Body"].read()
        listed = json.loads(gzip.decompress(body))
        assert listed["files"].keys() == FIRST.keys()
        assert listed["leaving"] == []


class TestARealSite:
    def test_a_browser_gets_its_types(self, client, tmp_path):
        """Pages, scripts, styles and pictures have the types that a browser asks for."""
        sites = small.build(tmp_path)

        publish(sites.output, TO, client)

        types = {
            key.rpartition(".")[2]: client.head_object(Bucket=BUCKET, Key=key)["ContentType"]
            for key in keys_in(client, BUCKET)
            if key.startswith("models/latest/")
        }
        assert types["html"] == "text/html; charset=utf-8"
        assert types["js"] == "text/javascript; charset=utf-8"
        assert types["css"] == "text/css; charset=utf-8"
        assert types["json"] == "application/json; charset=utf-8"
        assert types["svg"] == "image/svg+xml"


def test_two_audiences_never_share_a_bucket(client, tmp_path):
    """An edition for outsiders goes into a place of its own, and nothing of it elsewhere before that is known."""
    inside, outside = site(tmp_path / "inside", {1: FIRST}), site(tmp_path / "outside", {1: FIRST})
    (outside / "audience.txt").write_text("external-0123456789abcdef\n")
    publish(inside, TO, client)
    before = there(client)
    with pytest.raises(UsageError, match="is for insiders already"):
        publish(outside, TO, client)
    assert there(client) == before
    other = TO._replace(key="outside/")
    publish(outside, other, client)
    assert publish(outside, other, client).sent
    with pytest.raises(UsageError, match="is for outsiders already"):
        publish(inside, other, client)


class TestCommand:
    @pytest.fixture
    def run(self, tmp_path, capsys) -> Callable[..., tuple[int, str, str]]:
        def call(*words: str) -> tuple[int, str, str]:
            with pytest.raises(SystemExit) as end:
                main(["publish", *words, "--catalog", str(tmp_path), "--output", str(tmp_path / "site")])
            printed = capsys.readouterr()
            return int(end.value.code or 0), printed.out, printed.err

        (tmp_path / "studbook.yml").write_text("accounts: []\n")
        return call

    def test_says_what_it_did(self, client, run, tmp_path):
        """One line, or JSON; the bucket from the configuration."""
        site(tmp_path / "site", {1: FIRST})
        (tmp_path / "studbook.yml").write_text("publish: {to: s3://our-docs/models/}\n")

        code, out, _ = run()
        assert code == 0
        assert out.startswith("published 1, latest to s3://our-docs/models/: 5 files sent")
        code, out, _ = run("--format", "json")
        assert json.loads(out)["unchanged"] == 2 * len(FIRST)

    def test_nowhere_to_publish(self, run):
        """Wrong usage, with the two ways out."""
        code, _, err = run()
        assert code == 2
        assert "publish.to" in err

    def test_no_site(self, client, run):
        """There is nothing to publish before a build."""
        code, _, err = run("s3://our-docs/models/")
        assert code == 4
        assert "studbook build" in err

    def test_no_right(self, client, fake_aws, run, tmp_path):
        """The error names the rights."""
        site(tmp_path / "site", {1: FIRST})
        fake_aws.caller_may("s3:List*")
        code, _, err = run("s3://our-docs/models/")
        assert code == 4
        assert "s3:PutObject" in err
