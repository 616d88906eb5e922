"""The result type of all questions, and what makes an answer's unknowns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from tests.pedigrees import asset, commit, lineage

from studbook.errors import NotFound
from studbook.lineage.graph import Graph
from studbook.model import Coverage, Gap, canonical
from studbook.queries.answer import Answer, Night, Row, Unknown, few, natural
from studbook.store import Catalog


@dataclass(frozen=True, slots=True)
class Copied(Row):
    from_: str
    at: str | None
    held: tuple[Unknown, ...] = ()


def coverage(status: str = "complete", source: str = "sagemaker", *gaps: tuple[str, str]) -> Coverage:
    return Coverage(
        account="111111111111",
        region="us-west-2",
        source=source,
        status=status,
        records=1,
        requests=1,
        gaps=tuple(Gap(operation=operation, code=code, message="") for operation, code in gaps),
    )


class TestJson:
    def test_an_answer_is_the_same_bytes_each_time_and_total_counts_what_a_limit_cuts(self, tmp_path) -> None:
        """The form of `studbook.answer/1`, with the night that was asked."""
        envelope = commit(Catalog(tmp_path), lineage("a(artifact) -packaged_as-> m(model)"))
        rows = (Copied("a", None), Copied("b", "2026-11-02T10:00:00Z", (Unknown(what="code", why="not recorded"),)))
        answer = Answer(question="copies", root="m", asked="M", summary="Two.", rows=rows)
        found = answer.to_json(envelope, limit=1)
        assert found == {
            "schema": "studbook.answer/1",
            "question": "copies",
            "root": "m",
            "asked": "M",
            "snapshot": {
                "number": 1,
                "taken_at": envelope.taken_at,
                "digest": envelope.digest,
                "envelope": envelope.envelope,
            },
            "summary": "Two.",
            "total": 2,
            "rows": [{"from": "a", "at": None, "held": []}],
            "unknown": [],
        }
        assert answer.to_json(envelope)["rows"][1]["held"] == [
            {"what": "code", "why": "not recorded", "partition": None, "asset": None}
        ]
        assert canonical(answer.to_json(envelope)) == canonical(answer.to_json(envelope))


class TestUnknown:
    def test_a_refused_call_is_denied_and_a_broken_one_failed(self) -> None:
        """One entry for each partition and reason, with the operations."""
        row = coverage("partial", "sagemaker", ("ListModels", "AccessDeniedException"), ("ListEndpoints", "SlowDown"))
        night = Night(Graph((), ()), (row, coverage("complete", "lambda")))
        where = "111111111111/us-west-2/sagemaker"
        assert list(night.unseen(["sagemaker", "lambda"])) == [
            Unknown(what="ListModels", why="denied", partition=where),
            Unknown(what="ListEndpoints", why="failed", partition=where),
        ]
        assert list(night.unseen(["sagemaker"], lambda operation: operation == "ListModels")) == [
            Unknown(what="ListModels", why="denied", partition=where)
        ]
        assert list(night.unseen(["lambda"])) == []

    def test_a_region_that_is_not_enabled_hides_nothing(self) -> None:
        """There is nothing in it; a server that is off may hold anything."""
        never = replace(coverage("skipped", "s3", ("region", "Skipped")), records=0)
        night = Night(Graph((), ()), (never, coverage("skipped", "mlflow", ("search", "Skipped"))))
        assert [(one.partition, one.why) for one in night.unseen(["s3", "mlflow"])] == [
            ("111111111111/us-west-2/mlflow", "failed")
        ]

    def test_a_region_that_was_enabled_once_may_hide_anything(self) -> None:
        """Who disables a region keeps, and pays for, what runs there."""
        row = coverage("skipped", "sagemaker", ("region", "Skipped"))
        assert list(Night(Graph((), ()), (replace(row, records=0),)).unseen()) == []
        (one,) = Night(Graph((), ()), (replace(row, records=3),)).unseen()
        assert (one.what, one.partition) == ("region", "111111111111/us-west-2/sagemaker")

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"attributes": {"unresolved": True}}, "unresolved"),
            ({"gone_since": 2}, "gone"),
            ({"stale_since": 2}, "stale"),
        ],
    )
    def test_an_end_says_why_it_is_none(self, fields: dict[str, object], why: str) -> None:
        """An asset that is there, and was seen, is a sure end."""
        night = Night(Graph([asset("m", "model", **fields), asset("n", "model")], ()))
        assert night.end(night.asset("m")) == Unknown(what="m", why=why, asset="m")
        assert night.end(night.asset("n")) is None
        with pytest.raises(NotFound):
            night.asset("o")

    def test_what_is_only_named_was_denied_where_its_partition_was(self) -> None:
        """Denied goes before unresolved."""
        graph = Graph([asset("m", "model", attributes={"unresolved": True})], ())
        night = Night(graph, (coverage("failed", "sagemaker", ("AssumeRole", "AccessDenied")),))
        assert night.end(night.asset("m")) == Unknown(
            what="m", why="denied", partition="111111111111/us-west-2/sagemaker", asset="m"
        )

    def test_what_another_source_would_have_listed_was_not_denied_there(self) -> None:
        """A function is Lambda's to show, whatever SageMaker refused in that account and region."""
        function = "arn:aws:lambda:us-west-2:111111111111:function:judge:7"
        graph = Graph([asset(function, "evaluator_version", attributes={"unresolved": True})], ())
        for source, why in (("sagemaker", "unresolved"), ("lambda", "denied")):
            night = Night(graph, (coverage("partial", source, ("ListThings", "AccessDeniedException")),))
            end = night.end(night.asset(function))
            assert end is not None
            assert end.why == why

    def test_more_than_twenty_of_a_kind_are_one_entry(self) -> None:
        """Twenty are told one by one; what is no asset is never counted together."""
        several = [Unknown(what=f"e{n}", why="stale", asset=f"e{n}") for n in range(21)]
        others = [Unknown(what=word, why="not recorded") for word in ("code", "data")]
        assert few([*several, *others], lambda _: "endpoint") == (
            *others,
            Unknown(what="21 endpoints", why="stale"),
        )
        assert len(few(several[:20] * 2, lambda _: "endpoint")) == 20


class TestNaturalOrder:
    def test_numbers_in_names_count(self) -> None:
        """The second team stands before the tenth, whatever the case, and any text has its place."""
        names = ["team-1", "team-2", "Team-2b", "team-10", "team-10-a", "v1.9", "v1.10", "v1.010x", ""]
        assert sorted(names, key=natural) == ["", *names[:-1]]
        assert sorted([f"x{'9' * 5000}", f"x{'1' * 5001}", "x²", "x٣"], key=natural)[-1] == "x٣"

    def test_no_two_names_are_one(self) -> None:
        """Names that differ in case or in leading zeros alone have an order of their own."""
        assert sorted(["a01", "a1", "A1"], key=natural) == sorted(["A1", "a01", "a1"], key=natural)
        assert len({natural(one) for one in ("a01", "a1", "A1")}) == 3
