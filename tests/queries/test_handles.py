from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pedigrees import asset, commit, edge, lineage

from studbook.errors import NotFound
from studbook.lineage.graph import Graph
from studbook.model import Asset
from studbook.model.ids import fingerprint
from studbook.queries.handles import Handles
from studbook.settings import Settings
from studbook.store import Catalog

DEV, PROD = "111111111111", "222222222222"
SETTINGS = Settings.model_validate(
    {
        "accounts": [
            {"id": DEV, "name": "dev", "stage": "development", "regions": ["us-west-2"]},
            {"id": PROD, "name": "prod", "stage": "production", "regions": ["us-west-2"]},
        ]
    }
)
TIMES = {1: "2026-11-01T02:00:00Z", 2: "2026-11-02T02:00:00Z", 3: "2026-11-03T02:00:00Z"}
OLD, NEW, CUT = (fingerprint([{"Key": key, "Size": 1, "ETag": "e"}]) for key in ("old", "new", "cut"))
COMMIT, RUN = "9fceb02d0ae598e95dc970b74767f19372d61af8", "634d3971abec4372849d9a848748153a"
APP = f"mlflow:arn:aws:sagemaker:us-west-2:{DEV}:mlflow-app/app-1"


def arn(account: str, rest: str, region: str = "us-west-2") -> str:
    return f"arn:aws:sagemaker:{region}:{account}:{rest}"


def thing(account: str, rest: str, kind: str, name: str, region: str = "us-west-2", **fields: object) -> Asset:
    stage = {DEV: "development", PROD: "production"}[account]
    return asset(arn(account, rest, region), kind, name=name, account=account, region=region, stage=stage, **fields)


def state(digest: str, at: str, seen: int, superseded: int | None = None) -> Asset:
    return asset(
        f"s3://Data/fraud/@{digest}",
        "dataset_version",
        name=f"payments {digest[7:19]}",
        account=DEV,
        region=None,
        created_at=at,
        first_seen=seen,
        attributes={"superseded_since": superseded, "current": superseded is None},
    )


DATASET = asset(
    "s3://Data/fraud/",
    "dataset",
    name="payments",
    account=DEV,
    region=None,
    attributes={"aliases": [arn(DEV, "artifact/f04")]},
)
ASSETS = [
    thing(DEV, "model-package-group/bot", "model_package_group", "bot"),
    thing(DEV, "model-card/bot", "model_card", "bot"),
    asset(f"{APP}/model/bot", "mlflow_registered_model", name="bot", account=DEV),
    thing(PROD, "model-package-group/bot", "model_package_group", "bot"),
    thing(DEV, "model-package/bot/4", "model_package", "bot 4", attributes={"version": 4}),
    asset(f"{APP}/model/bot/4", "mlflow_model_version", name="bot 4", account=DEV),
    thing(DEV, "model-package/bot/2", "model_package", "bot 2", attributes={"version": 2}),
    thing(PROD, "model-package/bot/2", "model_package", "bot 2", attributes={"version": 2}),
    thing(PROD, "model-package/bot/2", "model_package", "bot 2", "eu-west-1", attributes={"version": 2}),
    thing(PROD, "model/bot-prod", "model", "bot-prod"),
    thing(PROD, "endpoint-config/bot-prod", "endpoint_config", "bot-prod"),
    thing(PROD, "endpoint/bot-prod", "endpoint", "bot-prod"),
    thing(DEV, "training-job/tune", "training_job", "tune"),
    asset(f"{APP}/run/{RUN}", "mlflow_run", name="tune", account=DEV),
    thing(PROD, "pipeline/p/execution/e1", "pipeline_execution", "it's 5 o'clock"),
    DATASET,
    state(OLD, "2026-10-20T08:00:00Z", 1, superseded=2),
    state(NEW, "2026-11-01T05:30:00Z", 2),
    asset(f"git:https://git.example.com/fraud.git@{COMMIT}", "code", name=f"fraud.git@{COMMIT[:12]}", account=None),
    asset("evil\x1b[31m\u202e", "artifact", name="evil\x1b[31m\u202e", account=None),
]  # fmt: skip
EDGES = [
    edge(arn(PROD, "model/bot-prod"), arn(PROD, "endpoint-config/bot-prod"), "deployed_to"),
    edge(arn(PROD, "endpoint-config/bot-prod"), arn(PROD, "endpoint/bot-prod"), "deployed_to"),
    edge("s3://Data/fraud/", f"s3://Data/fraud/@{OLD}", "has_version"),
    edge("s3://Data/fraud/", f"s3://Data/fraud/@{NEW}", "has_version"),
]


@pytest.fixture(scope="module")
def handles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handles]:
    catalog = Catalog(tmp_path_factory.mktemp("handles"))
    with catalog.index(commit(catalog, Graph(ASSETS, EDGES))) as index:
        yield Handles(index, SETTINGS, TIMES.get)


class TestFind:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            (arn(DEV, "model-package/bot/4"), arn(DEV, "model-package/bot/4")),
            (arn(DEV, "MODEL-PACKAGE/Bot/4").upper(), arn(DEV, "model-package/bot/4")),
            (arn(DEV, "artifact/F04"), "s3://Data/fraud/"),
            ("bot/4", arn(DEV, "model-package/bot/4")),
            (" Bot 4 ", arn(DEV, "model-package/bot/4")),
            ("model-package/bot/4", arn(DEV, "model-package/bot/4")),
            ("bot/2@dev", arn(DEV, "model-package/bot/2")),
            (f"bot/2@{DEV}", arn(DEV, "model-package/bot/2")),
            (f"{DEV}:model-package/bot/2", arn(DEV, "model-package/bot/2")),
            ("bot/2@production/eu-west-1", arn(PROD, "model-package/bot/2", "eu-west-1")),
            ("bot/2@eu-west-1", arn(PROD, "model-package/bot/2", "eu-west-1")),
            ("bot@prod", arn(PROD, "model-package-group/bot")),
            ("bot@dev", arn(DEV, "model-package-group/bot")),
            ("model-card/bot@development", arn(DEV, "model-card/bot")),
            ("mlflow-registered-model/bot", f"{APP}/model/bot"),
            ("models:/bot/4", f"{APP}/model/bot/4"),
            (f"runs:/{RUN}/model", f"{APP}/run/{RUN}"),
            (RUN[:8], f"{APP}/run/{RUN}"),
            ("tune", arn(DEV, "training-job/tune")),
            ("BOT-PROD", arn(PROD, "endpoint/bot-prod")),
            ("endpoint-config/bot-prod", arn(PROD, "endpoint-config/bot-prod")),
            ("s3://Data/fraud", "s3://Data/fraud/"),
            ("s3a://Data/fraud/", "s3://Data/fraud/"),
            ("s3://Data", "s3://Data/fraud/"),
            ("https://Data.s3.us-west-2.amazonaws.com/fraud", None),
            ("https://s3.dualstack.us-west-2.amazonaws.com/Data/fraud/", "s3://Data/fraud/"),
            ("https://s3-fips.us-west-2.amazonaws.com/Data/fraud/", "s3://Data/fraud/"),
            (NEW[7:19], f"s3://Data/fraud/@{NEW}"),
            (NEW.upper().replace("SHA", "sha"), f"s3://Data/fraud/@{NEW}"),
            (f"payments@{NEW[7:12]}", f"s3://Data/fraud/@{NEW}"),
            (f"payments/{NEW[7:19]}", f"s3://Data/fraud/@{NEW}"),
            ("payments@2026-11-01", f"s3://Data/fraud/@{NEW}"),
            ("payments@2026-11-01T05:00", f"s3://Data/fraud/@{OLD}"),
            ("payments@2026-10-31", f"s3://Data/fraud/@{OLD}"),
            ("s3://Data/fraud/@2026-10-31", f"s3://Data/fraud/@{OLD}"),
            (COMMIT[:7], f"git:https://git.example.com/fraud.git@{COMMIT}"),
            (f"fraud.git@{COMMIT[:12]}", f"git:https://git.example.com/fraud.git@{COMMIT}"),
            (r"evil\x1b[31m\u202e", "evil\x1b[31m\u202e"),
        ],
    )  # fmt: skip
    def test_takes_what_people_have_at_hand(self, handles: Handles, text: str, found: str | None) -> None:
        """A name, with a version, a place, a kind or a date; an id, its end, a digest's beginning, MLflow's URIs."""
        if found is None:  # host names have no capitals: that bucket is another one
            with pytest.raises(NotFound):
                handles.find(text)
        else:
            assert handles.find(text).id == found

    @pytest.mark.parametrize(
        ("text", "message", "offered"),
        [
            ("bot", "'bot' can be 2 things", ["bot@dev", "bot@prod"]),
            ("bot/2", "can be 3 things", ["bot/2@dev", "bot/2@prod/eu-west-1", "bot/2@prod/us-west-2"]),
            ("bto", "no asset answers to 'bto'", ["bot@dev", "bot@prod"]),
            ("bto/4", "no asset answers", ["bot/4"]),
            ("bot@moon", "no asset answers", ["bot@dev", "bot@prod"]),
            ("endpoint/tune", "no asset answers", ["tune"]),
            ("paymnets", "no asset answers", ["payments"]),
            ("pay", "no asset answers", ["payments", *sorted(f"payments@{one[7:19]}" for one in (OLD, NEW))]),
            ("s3://Data/fraud/train/part-0.csv", "no asset answers", ["payments"]),
            ("payments@2020-01-01", "no version of 'payments' is as old as 2020-01-01", []),
            ("bot-prod@2026-11-01", "is no dataset", []),
            ("", "no asset answers", []),
            ("%", "no asset answers", []),
            ("' OR 1=1 --", "no asset answers", []),
            ("@", "no asset answers", []),
            ("\\", "no asset answers", []),
        ],
    )
    def test_what_it_could_be_is_listed_in_handles_that_can_be_pasted(
        self, handles: Handles, text: str, message: str, offered: list[str]
    ) -> None:
        """Several things of a name, a slip of a letter, a beginning, a wrong place: each is offered, none is picked."""
        with pytest.raises(NotFound) as caught:
            handles.find(text)
        assert message in caught.value.message
        lines = [line.split()[0] for line in (caught.value.hint or "").splitlines()[1:]]
        assert lines == offered
        for line in lines:
            assert handles.of(handles.find(line)) == line

    def test_unrelated_things_of_one_name_are_never_chosen_among(self, tmp_path: Path) -> None:
        """A dataset stands for its versions, and for no training job that is called the same."""
        text = "d(dataset) -has_version-> d/1(dataset_version)\n d -has_version-> d/2(dataset_version)"
        facts = {one: {"name": "chats"} for one in ("d", "d/1", "d/2")}
        catalog = Catalog(tmp_path)
        with catalog.index(commit(catalog, lineage(text, facts))) as index:
            assert Handles(index).find("chats").id == "d"
        graph = lineage(text + "\n j(training_job) -produced-> a(artifact)", facts | {"j": {"name": "chats"}})
        with catalog.index(commit(catalog, graph, night=2)) as index, pytest.raises(NotFound, match="4 things"):
            Handles(index).find("chats")

    def test_a_version_is_meant_where_its_weights_lie_at_a_place_that_ends_so(self, tmp_path: Path) -> None:
        """A place in S3 has its URI; but whatever else is called so is listed beside the version."""
        text = "s3://models/bot/1/(artifact) -packaged_as-> v1(model_package)"
        catalog = Catalog(tmp_path)
        graph = lineage(text, {"v1": {"name": "bot 1"}, "s3://models/bot/1/": {"name": "bot/1"}})
        with catalog.index(commit(catalog, graph)) as index:
            assert Handles(index).find("bot/1").id == "v1"
            assert Handles(index).find("s3://models/bot/1").kind == "artifact"
        job = Graph([*graph.assets.values(), asset("j", "training_job", name="bot/1")], graph.edges)
        with catalog.index(commit(catalog, job, night=2)) as index, pytest.raises(NotFound, match="2 things"):
            Handles(index).find("bot/1")

    def test_between_two_nights_a_version_made_by_deleting_is_not_ruled_out(self, tmp_path: Path) -> None:
        """Its newest object is older than that of the version before, so that no time says when it began."""
        whole, cut = state(NEW, "2026-10-20T08:00:00Z", 1, superseded=2), state(CUT, "2026-10-19T08:00:00Z", 2)
        dataset = DATASET
        edges = [edge(dataset.id, one.id, "has_version") for one in (whole, cut)]
        catalog = Catalog(tmp_path)
        with catalog.index(commit(catalog, Graph([dataset, whole, cut], edges))) as index:
            found = Handles(index, SETTINGS, TIMES.get)
            assert found.find("payments@2026-11-03").id == cut.id
            with pytest.raises(NotFound, match="2 things"):
                found.find("payments@2026-11-01")


class TestOf:
    def test_the_shortest_that_means_one(self, handles: Handles) -> None:
        """A name alone where it is unique, with its account, its region, its kind where it must."""
        assert [handles.of(one) for one in ASSETS] == [
            "bot@dev",
            "model-card/bot",
            "mlflow-registered-model/bot",
            "bot@prod",
            "bot/4",
            "mlflow-model-version/bot/4",
            "bot/2@dev",
            "bot/2@prod/us-west-2",
            "bot/2@prod/eu-west-1",
            "model/bot-prod",
            "endpoint-config/bot-prod",
            "bot-prod",
            "tune",
            "mlflow-run/tune",
            "pipeline/p/execution/e1",
            "payments",
            f"payments@{OLD[7:19]}",
            f"payments@{NEW[7:19]}",
            f"fraud.git@{COMMIT[:12]}",
            "evil\x1b[31m\u202e",
        ]

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from([DEV, PROD]),
                st.sampled_from(["us-west-2", "eu-west-1"]),
                st.sampled_from(["endpoint", "model", "training-job", "model-package-group", "model-card"]),
                st.sampled_from(["a", "A", "a-1", "b", "prod", "model", "a@prod", "2026-11-01", "abcdef0"]),
            ),
            max_size=12,
            unique_by="/".join,
        )
    )
    def test_what_is_printed_can_be_typed(
        self, tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[str, ...]]
    ) -> None:
        """Whatever things are called: the handle of each means it, and no other."""
        kinds = {"training-job": "training_job", "model-package-group": "model_package_group"}
        kinds |= {"model-card": "model_card"}
        several = [
            thing(account, f"{kind}/{name}", kinds.get(kind, kind), name, region)
            for account, region, kind, name in parts
        ]
        catalog = Catalog(tmp_path_factory.mktemp("of"))
        with catalog.index(commit(catalog, Graph(several, []))) as index:
            found = Handles(index, SETTINGS, TIMES.get)
            assert [found.find(found.of(one)).id for one in several] == [one.id for one in several]

    def test_costs_the_same_in_a_crowd(self, tmp_path: Path) -> None:
        """Ten thousand things of one name and a hundred handles are no scan: far less than a second."""
        crowd = [thing(PROD, f"model/m{n}", "model", "crowd") for n in range(20_000)]
        crowd.append(thing(DEV, "model/one", "model", "crowd"))
        catalog = Catalog(tmp_path)
        with catalog.index(commit(catalog, Graph(crowd, []))) as index:
            found = Handles(index, SETTINGS)
            began = time.process_time()
            assert found.of(crowd[-1]) == "crowd@dev"
            assert {found.of(one) for one in crowd[:100]} == {f"model/m{n}" for n in range(100)}
            with pytest.raises(NotFound, match="50 or more"):
                found.find("crowd")
            with pytest.raises(NotFound) as caught:
                found.find("crwod@dev")
            assert (caught.value.hint or "").splitlines()[1].split()[0] == "crowd@dev"
            assert time.process_time() - began < 2
