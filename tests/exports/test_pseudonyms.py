"""The edition for outsiders: nothing of whose it is, anywhere in any format."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests import small_catalog as small
from tests.pedigrees import asset, edge

from studbook.cli import main
from studbook.errors import StudbookError, UsageError
from studbook.exports import EXPORTS
from studbook.exports.pseudonyms import SECRET, Pseudonyms
from studbook.lineage.graph import Graph

KEY = "a secret of the house, kept apart"
ORIGINALS = ("111111111111", "444455556666", "acme-lake", "ana.lima", "Ben Okafor", "ben@acme.example", "acme/train",
             "payments-repo", "10.1.2.3")  # fmt: skip
JOB = "arn:aws:sagemaker:us-west-2:111111111111:training-job/fit"
DATA = "s3://acme-lake/chats/"
CODE = "git:https://github.com/acme/train.git@0123abc"
IMAGE = "444455556666.dkr.ecr.us-west-2.amazonaws.com/payments-repo:latest"


def graph() -> Graph:
    several = [
        asset(JOB, "training_job", name="fit", attributes={
            "created_by": "ana.lima",
            "modified_by": "arn:aws:sts::111111111111:assumed-role/Dev/ana.lima",
            "note": "ask Ben Okafor <ben@acme.example>, or ANA.LIMA; runs in 111111111111 from 10.1.2.3",
            "hyperparameters": {"data": "https://acme-lake.s3.us-west-2.amazonaws.com/chats"},
        }, tags={"owner": "Ben Okafor"}),
        asset(DATA, "dataset", name="acme-lake/chats", account="111111111111"),
        asset(CODE, "code", name="acme/train"),
        asset(IMAGE, "container_image", name="payments-repo"),
    ]  # fmt: skip
    edges = [edge(one, JOB, "input_to", "train") for one in (DATA, CODE, IMAGE)]
    return Graph(several, edges)


def mask(key: str = KEY) -> Pseudonyms:
    told = graph()
    return Pseudonyms(key, (list(told.assets.values()), told.edges))


def test_nothing_of_it_is_left() -> None:
    """Ids, names, fields, tags, sentences; what is joined stays joined, and masked things say that they are."""
    hidden, given = mask(), graph()
    found = Graph(map(hidden.asset, given.assets.values()), hidden.edges(given.edges))
    text = repr(found.assets) + repr(found.edges)
    assert [name for name in ORIGINALS if name.casefold() in text.casefold()] == []
    assert {end for one in found.edges for end in (one.source, one.target)} == found.assets.keys()
    assert {one.kind: one.attributes.get("masked") for one in found.assets.values()} == {
        "training_job": None, "dataset": True, "code": True, "container_image": True,
    }  # fmt: skip
    [job] = found.of_kind("training_job")
    assert re.fullmatch(r"arn:aws:sagemaker:us-west-2:account-[0-9a-f]{12}:training-job/fit", job.id)
    assert job.attributes["created_by"] in job.attributes["modified_by"]


@pytest.mark.parametrize(
    "text",
    [
        "https://secret-lake.s3.eusc-de-east-1.amazonaws.eu/chats",
        "https://s3.cn-north-1.amazonaws.com.cn/secret-lake/chats",
        "111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu/secret-lake:1",
        "111122223333.dkr-ecr.us-west-2.on.aws/secret-lake:1",
    ],
)
def test_names_in_the_hosts_of_every_aws_partition_are_masked(text: str) -> None:
    """A bucket or repository that is known by such an address alone is masked wherever it stands."""
    told = [asset(JOB, "training_job", name="fit", attributes={"hyperparameters": {"from": text}})]
    assert "secret-lake" not in Pseudonyms(KEY, (told,)).text(f"see {text}, the secret-lake")


def test_a_pseudonym_is_stable_and_needs_the_secret() -> None:
    """The same in every export, another under another secret; a secret that could be guessed is refused."""
    assert mask().text(JOB) == mask().text(JOB) != mask("another secret of this house").text(JOB)
    for weak in ("", "short"):
        with pytest.raises(UsageError, match=SECRET):
            mask(weak)


def test_what_was_overlooked_is_not_written() -> None:
    """The last look is at the bytes."""
    with pytest.raises(StudbookError, match="a bucket was left"):
        list(mask().checked([b"fine", b"see ACME-LAKE"]))


@pytest.fixture(scope="module")
def herd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = small.catalog(tmp_path_factory.mktemp("herd")).root
    return root


FORMATS = [one for one in EXPORTS if one.name not in ("evidence", "schema", "croissant", "in-toto")]


@pytest.mark.parametrize("export", FORMATS, ids=lambda export: export.name)
def test_every_format(export: Any, herd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No account, bucket, repository or person of the herd is in any file of it, nor is the secret."""
    monkeypatch.setenv(SECRET, KEY)
    about = [small.CLONE] if export.about or export.picture else []
    target = tmp_path / "out"
    with pytest.raises(SystemExit) as end:
        main(["export", export.name, *about, "--audience", "external", "--catalog", str(herd), "--output", str(target)])
    assert end.value.code == 0
    if export.name == "parquet":
        rows = [duckdb.read_parquet(str(path)).fetchall() for path in target.iterdir()]
        text = repr(rows)
    else:
        text = "".join(path.read_text() for path in (target.iterdir() if target.is_dir() else [target]))
    told = [small.DEV, small.PROD, "999999999999", "s3://herd", "herd/train", "Support platform", KEY]
    assert [one for one in told if one in text] == []
    assert "account-" in text or export.name in ("mermaid", "junit", "markdown", "svg")


def test_a_pack_is_not_for_outsiders(herd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is what the APIs said."""
    with pytest.raises(SystemExit) as end:
        main(["export", "evidence", small.CLONE, "--audience", "external", "--catalog", str(herd)])
    assert end.value.code == 2
    assert "outsiders" in capsys.readouterr().err
