"""`studbook harvest` and `studbook relink`, as a shell sees them."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress

import pytest

from studbook.cli import main
from studbook.errors import UNWRITABLE

ACCOUNTS = ("222222222222", "333333333333")
CONFIGURATION = """
accounts:
  - {id: "222222222222", regions: [us-west-2], role_arn: "arn:aws:iam::222222222222:role/R", external_id: studbook-demo}
  - {id: "333333333333", regions: [us-west-2], role_arn: "arn:aws:iam::333333333333:role/R", external_id: studbook-demo}
datasets:
  - {uri: "s3://chats-222222222222/chats/", account: "222222222222"}
sources:
  sagemaker: {rate: 1000}
"""


@pytest.fixture(scope="module")
def server(fake_aws):
    for account in ACCOUNTS:
        fake_aws.role(f"arn:aws:iam::{account}:role/R", external_id="studbook-demo")
        fake_aws.role(f"arn:aws:iam::{account}:role/Admin")
    admin = fake_aws.session("arn:aws:iam::222222222222:role/Admin")
    s3 = admin.client("s3", endpoint_url=fake_aws.url, region_name="us-west-2")
    s3.create_bucket(Bucket="chats-222222222222", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="chats-222222222222", Key="chats/a", Body=b"hello")
    return fake_aws


@pytest.fixture
def aws(server, monkeypatch):
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    yield server
    server.heal()


@pytest.fixture
def catalog(tmp_path):
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / "studbook.yml").write_text(CONFIGURATION)
    return folder


@pytest.fixture
def studbook(catalog, capsys):
    def run(*words):
        with pytest.raises(SystemExit) as stopped:
            main([*words, "--catalog", str(catalog)])
        return stopped.value.code, *capsys.readouterr()

    return run


class TestHarvest:
    def test_all_seen(self, aws, studbook):
        """A complete harvest ends with 0, what was found, and what to type next; what it cost where that is asked."""
        code, out, err = studbook("harvest", "--calls")

        assert code == 0
        assert "complete" in out
        assert "s3:ListObjectsV2" in out
        assert "snapshot 1, new content, sha256:" in out
        assert "\nfound    " in out
        assert "\nnext     studbook build --catalog " in out
        assert max(len(line) for line in out.splitlines() if "--catalog" not in line) <= 100
        assert "222222222222 us-west-2 sagemaker: complete" in err

    def test_json(self, aws, studbook, catalog):
        """Standard output is one JSON document, and nothing else."""
        code, out, _ = studbook("harvest", "--format", "json")

        said = json.loads(out)
        assert code == 0
        assert said["snapshot"]["number"] == 1
        assert {row["status"] for row in said["snapshot"]["coverage"]} == {"complete"}
        assert (said["changed"], said["partial"]) == (True, False)

    def test_part_failed(self, aws, studbook):
        """Where a part could not be seen the code is 3, and the gap is printed."""
        aws.fault("AccessDenied", operation="ListObjectsV2")

        code, out, _ = studbook("harvest")

        assert code == 3
        assert "222222222222 - s3: ListObjectsV2: AccessDenied" in out

    def test_nothing_seen(self, aws, studbook, catalog):
        """Where nothing could be read the code is 4, the error has a way out, and the catalog is as it was."""
        aws.fault("AccessDenied", operation="AssumeRole")

        code, _, err = studbook("harvest")

        assert code == 4
        assert "hint:" in err
        assert re.search(r"nothing could be read: .*AssumeRole: AccessDenied.*; the same of \d+ more", err)
        assert not (catalog / "snapshots").exists()

    def test_nothing_allowed(self, aws, studbook):
        """Where the roles are there and may read nothing, the way out is their policy."""
        aws.fault("AccessDenied", service="sagemaker")
        aws.fault("AccessDenied", service="s3")
        aws.fault("AccessDenied", service="lambda")

        code, _, err = studbook("harvest")

        assert (code, "hint: give that role, or user, what 'studbook iam' prints" in err) == (4, True)

    def test_a_folder_of_somebody_else(self, aws, studbook, catalog):
        """Where the catalog cannot be written the error has a way out, and nothing is left there."""
        (catalog / ".harvest").write_text("in the way")

        code, _, err = studbook("harvest")

        assert (code, "cannot be written" in err, UNWRITABLE in err) == (4, True, True)
        assert {path.name for path in catalog.iterdir()} == {".harvest", "studbook.yml"}

    def test_no_configuration(self, studbook, catalog):
        """Without a configuration the code is 2."""
        (catalog / "studbook.yml").unlink()

        assert studbook("harvest")[0] == 2


class TestKilled:
    def test_only_what_was_in_flight_is_lost(self, aws, studbook, catalog, tmp_path):
        """After SIGKILL the catalog is readable, and the next harvest does not describe again what was described."""
        admin = aws.session("arn:aws:iam::222222222222:role/Admin")
        sagemaker = admin.client("sagemaker", endpoint_url=aws.url, region_name="us-west-2")
        for number in range(30):
            sagemaker.create_model(
                ModelName=f"m{number}",
                ExecutionRoleArn="arn:aws:iam::222222222222:role/x",
                PrimaryContainer={"Image": "image"},
            )
        aws.fault("AccessDeniedException", operation="Search")
        aws.fault(operation="DescribeModel", seconds=0.3)
        harvest = subprocess.Popen([sys.executable, "-m", "studbook", "harvest", "--catalog", str(catalog)])
        copies = tmp_path / "copies"
        copies.mkdir()
        while (kept := _kept(catalog, copies)) < 4:
            assert harvest.poll() is None
            time.sleep(0.05)
        harvest.kill()
        harvest.wait()
        aws.heal()
        aws.fault("AccessDeniedException", operation="Search")
        assert not (catalog / "snapshots").exists()

        code, out, _ = studbook("harvest", "--format", "json")

        rows = json.loads(out)["snapshot"]["coverage"]
        described = sum(row["calls"].get("sagemaker:DescribeModel", 0) for row in rows)
        assert code == 0
        assert 0 < described <= 30 - kept
        assert not (catalog / ".harvest").exists()


def _kept(catalog, folder) -> int:
    """How many models the journal has so far, read from a copy: the harvest has the files for itself."""
    for file in catalog.glob(".harvest/*/sagemaker-*"):
        with suppress(FileNotFoundError):
            shutil.copy(file, folder)
    kept = 0
    for file in folder.glob("*.sqlite"):
        with closing(sqlite3.connect(file)) as connection, suppress(sqlite3.Error):
            kept += connection.execute("SELECT count(*) FROM seen WHERE kind = 'model'").fetchone()[0]
    return kept


class TestRelink:
    def test_the_same(self, aws, studbook):
        """The same records and the same program say the same."""
        studbook("harvest")

        assert studbook("relink")[:2] == (0, "snapshot 1 stays: its records say the same as before\n")

    def test_another_name(self, aws, studbook, catalog):
        """A stage given to an account afterwards reaches the assets without a harvest."""
        studbook("harvest")
        text = CONFIGURATION.replace('{id: "222222222222"', '{id: "222222222222", stage: production')
        (catalog / "studbook.yml").write_text(text)
        aws.fault("AccessDenied")

        code, out, _ = studbook("relink", "--format", "json")

        assert (code, json.loads(out)["snapshot"]["number"]) == (0, 2)

    def test_nothing_to_derive(self, studbook):
        """Without a snapshot the code is 2."""
        assert studbook("relink")[0] == 2
