"""A night's changes, linked with what they touch, come to the bytes that linking everything comes to."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from every_edge import DEV, IMAGE, RECORDS, SETTINGS, WEST, channel, job, model, package, record
from studbook.harvest.lineage import Lineage
from studbook.lineage.link import LinkContext
from studbook.model import Coverage, Envelope, Record, canonical, digest
from studbook.settings import Dataset, Settings
from studbook.store import Catalog

CONTEXT = LinkContext.of(SETTINGS)
ROW = Coverage(account=DEV, region=None, source="sagemaker", status="complete", records=0, requests=0)


def twin(record: Record, suffix: str) -> Record | None:
    """Another record that reads, serves and names what this one does, under a name of its own."""
    name = record.id.rpartition("/")[2]
    if record.source == "s3" or not name:
        return None
    text = json.dumps([record.id, record.body])
    for end in ('"', "/"):
        text = text.replace(f"{name}{end}", f"{name}{suffix}{end}")
    record_id, body = json.loads(text)
    return replace(record, id=record_id, body=body) if record_id != record.id else None


TWINS = [found for suffix in ("b", "7") for record in RECORDS if (found := twin(record, suffix)) is not None]
ESTATE = {(record.kind, record.id): record for record in (*TWINS, *RECORDS)}


def night(catalog: Catalog, records: Iterable[Record], *, anew: bool = False, context: LinkContext = CONTEXT) -> Any:
    """One night, as the harvest has it; its envelope, and how it was linked."""
    previous = catalog.latest()
    number = previous.number + 1 if previous else 1
    config = digest(canonical(repr(context)))
    with Lineage(catalog, context, catalog.keep_records(records), config, fewest=0) as lineage:
        parts = lineage.derived(previous, number, anew=anew)
        envelope = catalog.add(parts, coverage=[ROW], taken_at=f"2026-11-{number:02}T02:00:00Z", config=config)
        lineage.keep(envelope)
    return envelope, lineage


def same(one: Envelope, other: Envelope) -> bool:
    return one.parts == other.parts


@contextmanager
def catalogs() -> Iterator[tuple[Catalog, Catalog]]:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        yield Catalog(Path(one)), Catalog(Path(other))


def otherwise(draw: Any, record: Record, number: int) -> Record:
    """The record on another night: stale, gone, back, or with another body."""
    how = draw(st.sampled_from(["stale", "gone", "back", "less", "other"]))
    if how == "stale":
        return replace(record, stale_since=number)
    if how == "gone":
        return replace(record, gone_since=number, stale_since=None)
    if how == "back" or not record.body:
        return replace(record, gone_since=None, stale_since=None)
    body = copy.deepcopy(record.body)
    member = draw(st.sampled_from(sorted(body)))
    if how == "less":
        del body[member]
    elif isinstance(body[member], str):
        body[member] = draw(st.sampled_from(["2026-10-01T00:00:00Z", body[member] + "/", "text"]))
    return replace(record, body=body)


@st.composite
def nights(draw: Any) -> list[list[Record]]:
    """An estate over some nights: records arrive, go, and are other than before; at times a whole source at once."""
    keys = st.sampled_from(sorted(ESTATE))
    now = {key: ESTATE[key] for key in draw(st.sets(keys, max_size=40))}
    told = [list(now.values())]
    for number in range(2, 2 + draw(st.integers(1, 3))):
        for key in draw(st.lists(keys, min_size=1, max_size=4)):
            if key not in now:
                now[key] = ESTATE[key]
            elif draw(st.booleans()):
                del now[key]
            else:
                now[key] = otherwise(draw, now[key], number)
        if draw(st.integers(0, 5)) == 5:
            source, stale = draw(st.sampled_from(["sagemaker", "s3", "lambda", "mlflow"])), draw(st.booleans())
            for key, record in now.items():
                if record.source == source:
                    now[key] = replace(record, stale_since=number if stale else None)
        told.append(list(now.values()))
    return told


def datasets(records: Sequence[Record]) -> set[str]:
    return {str(record.body.get("Dataset")) for record in records if record.kind == "s3_prefix"}


class TestNights:
    @settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(nights())
    def test_changes_and_what_they_touch_are_the_whole_difference(self, told):
        """Whatever a night changes, its parts have the digests that they have where everything is linked."""
        with catalogs() as (changes, whole):
            before: list[Record] | None = None
            for records in told:
                found, how = night(changes, records)
                expected, _ = night(whole, records, anew=True)
                assert same(found, expected)
                if before is not None and not datasets(before) ^ datasets(records):
                    assert not how.whole
                before = records
            again, _ = night(whole, told[-1], anew=True)
            assert same(again, expected), "a night without changes has the lineage of the one before"

    def test_what_many_name_drags_nobody_along(self, tmp_path):
        """A new job of an image, a dataset and a model that hundreds of jobs name is linked with few of them."""
        crowd = [
            job(
                f"j-{number}",
                AlgorithmSpecification={"TrainingImage": IMAGE},
                InputDataConfig=[channel("train", "s3://kept/chats/"), channel("code", "s3://code/one.tar.gz")],
                ModelArtifacts={"S3ModelArtifacts": f"s3://out/j-{number}/model.tar.gz"},
            )
            for number in range(300)
        ]
        catalog = Catalog(tmp_path)
        night(catalog, crowd[1:])
        found, how = night(catalog, [*crowd, package(9, "s3://out/j-0/model.tar.gz")])
        assert not how.whole
        assert how.linked < 20
        expected, _ = night(Catalog(tmp_path / "whole"), crowd[1:])
        expected, _ = night(Catalog(tmp_path / "whole"), [*crowd, package(9, "s3://out/j-0/model.tar.gz")], anew=True)
        assert same(found, expected)


def serving(model_name: str, letter: str, digest: str) -> list[Record]:
    """An endpoint of its own that runs a model, and what it pulled for the model's image."""
    config, endpoint = (f"arn:aws:sagemaker:{WEST}:{DEV}:{kind}/{letter}" for kind in ("endpoint-config", "endpoint"))
    variant = {"VariantName": "all", "ModelName": model_name}
    pulled = {"SpecifiedImage": IMAGE, "ResolvedImage": f"{IMAGE.rpartition(':')[0]}@sha256:{digest * 64}"}
    return [
        record("endpoint_config", config, EndpointConfigName=letter, ProductionVariants=[variant]),
        record(
            "endpoint",
            endpoint,
            EndpointName=letter,
            EndpointConfigName=letter,
            ProductionVariants=[{"VariantName": "all", "DeployedImages": [pulled]}],
        ),
    ]


class TestWhatManyPull:
    """What one model's endpoints pulled is told together, and without the others of the image."""

    SERVED = (model("shared", Image=IMAGE), model("alone", Image=IMAGE))
    CROWD = tuple(
        one
        for number in range(100)
        for one in (model(f"m-{number}", Image=IMAGE), *serving(f"m-{number}", f"c-{number}", "c"))
    )

    ONE, TWO = serving("shared", "one", "a"), serving("shared", "two", "b")

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (ONE, [*ONE, *TWO]),
            ([*ONE, TWO[0]], [*ONE, *TWO]),
            ([*ONE, *TWO], TWO),
            ([*ONE, *TWO], [*ONE, TWO[0]]),
            ([*ONE, *TWO], [*ONE, *serving("shared", "two", "a")]),
            ([*ONE, *TWO], [*ONE, *serving("alone", "two", "b")]),
            ([*ONE, *serving("alone", "two", "b")], [*ONE, *TWO]),
        ],
        ids=[
            "deployed",
            "made",
            "removed",
            "deleted",
            "pulled again",
            "the model changed",
            "the model became the other's",
        ],
    )
    def test_is_told_together(self, tmp_path, first, second):
        catalog, whole = Catalog(tmp_path / "changes"), Catalog(tmp_path / "whole")
        for records in (first, second):
            found, how = night(catalog, [*self.SERVED, *self.CROWD, *records])
            expected, _ = night(whole, [*self.SERVED, *self.CROWD, *records], anew=True)
            assert same(found, expected)
        assert not how.whole
        assert how.linked < 20


class TestOnlyACache:
    @pytest.fixture
    def catalog(self, tmp_path):
        catalog = Catalog(tmp_path)
        night(catalog, RECORDS[:-3])
        return catalog

    @pytest.fixture
    def expected(self, tmp_path):
        catalog = Catalog(tmp_path / "expected")
        night(catalog, RECORDS[:-3])
        return night(catalog, RECORDS, anew=True)[0]

    def test_is_used(self, catalog, expected):
        """Where nothing is in the way, a night is not linked as a whole."""
        found, how = night(catalog, RECORDS)
        assert not how.whole
        assert same(found, expected)

    @pytest.mark.parametrize("name", ["index.sqlite-ties", "index.sqlite-ties.json"])
    @pytest.mark.parametrize("how", ["gone", "empty", "cut", "other"])
    def test_missing_or_damaged_everything_is_linked(self, catalog, expected, name, how):
        """Without it, or with a bit of it wrong, the lineage is the same, and it is made again."""
        path = catalog.root / name
        data = path.read_bytes()
        middle = len(data) // 2
        if how == "gone":
            path.unlink()
        else:
            spoiled = {"empty": b"", "cut": data[:middle], "other": data[:middle] + b"\x07" + data[middle + 1 :]}
            path.write_bytes(spoiled[how])
        found, lineage = night(catalog, RECORDS)
        assert lineage.whole
        assert same(found, expected)
        assert not night(catalog, RECORDS[1:])[1].whole

    def test_of_another_snapshot(self, catalog, expected):
        """A snapshot that was written without it is linked on without it."""
        kept = (catalog.root / "index.sqlite-ties").read_bytes(), (catalog.root / "index.sqlite-ties.json").read_bytes()
        night(catalog, RECORDS[:5])
        for name, data in zip(("index.sqlite-ties", "index.sqlite-ties.json"), kept, strict=True):
            (catalog.root / name).write_bytes(data)
        assert night(catalog, RECORDS)[1].whole

    def test_of_another_configuration(self, catalog):
        """Another dataset or stage may change anything."""
        other = Settings(accounts=SETTINGS.accounts, datasets=(Dataset(uri="s3://elsewhere/"),))
        assert night(catalog, RECORDS, context=LinkContext.of(other))[1].whole

    def test_a_night_that_changes_nothing(self, catalog):
        """It links nothing, and its content is that of the night before."""
        before = catalog.latest()
        for path in catalog.root.glob("index.sqlite*"):
            path.unlink()
        found, how = night(catalog, RECORDS[:-3])
        assert not how.whole
        assert how.linked == 0
        assert same(found, before)

    def test_is_no_part_of_the_catalog(self, catalog):
        """Without it the catalog is whole."""
        for path in catalog.root.glob("index.sqlite*"):
            path.unlink()
        assert catalog.verify() == []
