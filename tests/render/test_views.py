from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from tests import pedigrees
from tests import small_catalog as small
from tests.pedigrees import lineage
from tests.render.test_explore import site_of

from studbook.lineage.graph import Graph
from studbook.model import KINDS, Asset, Envelope, Finding, Parts
from studbook.model.attributes import LINKED
from studbook.model.kinds import DATA_KINDS
from studbook.queries.candidates import candidates
from studbook.queries.gaps import gaps
from studbook.render import views
from studbook.render.dependencies import ReadSet, TrackedSite, changed
from studbook.render.environment import Templates, alike
from studbook.render.views.addresses import links_out
from studbook.render.views.answers_told import aliases_of
from studbook.render.views.deployments import answers
from studbook.render.views.dossier import dossier_page
from studbook.render.views.home import LINES
from studbook.render.views.incident import places
from studbook.render.views.lists import datasets_table, endpoints_table, evaluators_table
from studbook.render.views.site import Site
from studbook.render.views.tables import Table
from studbook.settings import Settings
from studbook.sources import declared_attributes
from studbook.words import full_name, says

HUB = "arn:aws:sagemaker:us-west-2:111122223333:hub-content/hub"
DIGEST = "sha256:" + "0" * 64
ENVELOPE = Envelope(
    number=2,
    taken_at="2026-11-22T02:00:00Z",
    generator="studbook test",
    config=DIGEST,
    coverage=small.COVERAGE,
    parts=Parts(records=DIGEST, assets=DIGEST, edges=DIGEST),
    digest=DIGEST,
    previous=DIGEST,
    envelope=DIGEST,
)
SITE = Site(
    graph=Graph(small.assets(), small.edges()),
    envelope=ENVELOPE,
    settings=small.SETTINGS,
    findings=[
        Finding(id="f1", rule="deployed-without-approval", level="error", asset=small.ENDPOINT, message="no approval")
    ],
    history=[ENVELOPE],
)


def own(asset_id: str) -> dict[str, object]:
    page = views.asset_page(SITE, SITE.graph.assets[asset_id], "assets/_default.html")
    data: dict[str, object] = page.data["own"]
    return data


class TestAssetPage:
    @pytest.mark.parametrize("asset", small.assets(), ids=lambda asset: f"{asset.kind}-{asset.name[:12]}")
    def test_is_plain_json(self, asset: Asset) -> None:
        """Page data is values that JSON can hold, so that a page's key can be taken of them."""
        assert json.dumps(views.asset_page(SITE, asset, "assets/_default.html").data)

    @pytest.mark.parametrize("kind", DATA_KINDS)
    def test_data_of_every_kind_says_what_it_has_reached(self, kind: str) -> None:
        """Its page has the answer that `index.json` beside it has, and a place that is pasted leads there."""
        graph = lineage(f"data({kind}) -input_to-> t(training_job)")
        data, site = graph.assets["data"], Site(graph=graph, envelope=ENVELOPE)
        page = views.asset_page(site, data, Templates().asset_template(kind))
        told = Templates().render(page.template, root="../", page=page, picture="", **page.data)
        assert html.escape(site.answer("incident", data.id).summary, quote=False) in told
        assert "What it has reached" in told
        assert [place[0] for place in places(site)["places"]] == [data.id]

    @pytest.mark.parametrize("kind", [kind for kind, info in KINDS.items() if "has_version" not in info.ends])
    def test_each_kind_is_listed_by_the_overview_of_its_section(self, kind: str) -> None:
        """Whoever looks through the site comes to everything; versions are with what they are versions of."""
        site = Site(graph=lineage(f"one({kind}) -associated-> two({kind})"), envelope=ENVELOPE, history=[ENVELOPE])
        section = KINDS[kind].section
        page = views.page(site, "jobs" if section == "other" else section)
        told = Templates().render(page.template, root="../", page=page, picture="", **page.data)
        assert site.link("one")["path"] in told

    def test_a_digest_that_is_not_known(self) -> None:
        """It is not said that there is none: of a place that nobody listed no fingerprint is known."""
        cell = '{% from "partials/macros.html" import digest with context %}{{ digest(value) }}'
        cell_of = Templates().jinja.from_string(cell).render
        assert "not known" in cell_of(value=None, root="")
        assert "aaaaaa" in cell_of(value="sha256:" + "a" * 64, root="")

    def test_model_card_tells_the_whole_story(self) -> None:
        """A model version knows its base model, its data with fingerprint and drift, its run and where it runs."""
        card = own(small.PACKAGE_2)
        training = card["training"]

        assert [link["id"] for link in training["bases"]] == [small.BASE_1]
        [data] = training["inputs"]["data"]
        assert (data["asset"]["id"], data["fingerprint"], data["drifted"]) == (
            small.DATA_1,
            "sha256:" + "a" * 64,
            True,
        )
        assert [item["run"]["id"] for item in training["runs"]] == [small.RUN]
        assert [place["asset"]["id"] for place in card["deployments"]] == [small.ENDPOINT]
        assert card["evaluations"][0]["scores"] == [["tone", 0.91]]

    def test_a_copy_shows_the_evaluations_of_its_origin(self) -> None:
        """What judged the original judged the copy."""
        assert [item["job"]["id"] for item in own(small.CLONE)["evaluations"]] == [small.EVALUATION]

    def test_endpoint_goes_back_to_the_origins(self) -> None:
        """What answers at an endpoint is told with base model and training data."""
        [answer] = own(small.ENDPOINT)["answers"]

        assert answer["model"]["id"] == small.CLONE
        assert [link["id"] for link in answer["bases"]] == [small.BASE_1]
        assert [link["id"] for link in answer["data"]] == [small.DATA_1]

    def test_an_endpoint_without_service_runs_nothing(self) -> None:
        """Its page and its account's tell what is deployed there, as that; the version's does not say it runs."""
        graph = lineage(
            """bot/1(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config)
            c -deployed_to-> bot(endpoint)""",
            {"bot": {"status": "Failed", "stage": "production"}},
        )
        site = Site(graph=graph, envelope=ENVELOPE, settings=small.SETTINGS, findings=[], history=[ENVELOPE])
        page = views.asset_page(site, graph.assets["bot"], "assets/endpoint.html")
        told = Templates().render(page.template, root="../", page=page, picture="", **page.data)

        assert "What is deployed here" in told
        assert "It is Failed and takes no requests." in told
        assert "What runs here" not in told
        version = views.asset_page(site, graph.assets["bot/1"], "assets/model_package.html").data["own"]
        assert version["deployments"] == []
        for account in views.place_pages(site):
            overview = Templates().render(account.template, root="../", page=account, picture="", **account.data)
            assert ("It is Failed and takes no requests. Deployed there:" in overview) == bool(
                account.data["endpoints"]
            )

    @pytest.mark.parametrize(
        ("version", "arrow", "told"),
        [
            ("7", "-content_of->", "fixed"),
            ("$LATEST", "-content_of->", "can change"),
            ("7", "-content_of~->", "can change"),
            (None, "", "not known whether it can change"),
        ],
    )
    def test_a_registered_evaluator_is_as_fixed_as_what_it_points_at(
        self, version: str | None, arrow: str, told: str
    ) -> None:
        """So its page and its evaluator's say; and the list counts the jobs that a function judged by whatever name."""
        function, registered = "arn:aws:lambda:us-west-2:111122223333:function:judge", f"{HUB}/JsonDoc/judge/1.0.0"
        text = f"""{HUB}/JsonDoc/judge(evaluator) -has_version-> {registered}(evaluator_version)
            {registered} -input_to:evaluator-> e1(evaluation_job)"""
        facts = {}
        if version is not None:
            text += f"""
            {function}(evaluator) -has_version-> {function}:{version}(evaluator_version) {arrow} {registered}"""
            facts[f"{function}:{version}"] = {"attributes": {"code_sha256": "c0de"}}
        graph = lineage(text, facts)
        site = Site(graph=graph, envelope=ENVELOPE, settings=small.SETTINGS, findings=[], history=[ENVELOPE])

        own = views.asset_page(site, graph.assets[registered], "assets/evaluator_version.html")
        page = Templates().render(own.template, root="../", page=own, picture="", **own.data)
        assert f">{told}<" in page
        assert (">c0de<" in page) == (told == "fixed")
        of = views.asset_page(site, graph.assets[f"{HUB}/JsonDoc/judge"], "assets/evaluator.html").data["own"]
        assert [one["pinned"] for one in of["versions"]] == [{"fixed": True, "can change": False}.get(told)]
        jobs = Table("Evaluators", evaluators_table(site).columns[3:4], site.of("evaluator"), "evaluators")
        assert [row for (row,) in jobs.on_page()["rows"]] == [1] * len(site.of("evaluator"))

    def test_who_reads_a_dataset_reads_it_by_whatever_name(self) -> None:
        """A job that took the registered version read what that points at; in two roles it is one reader."""
        place, registered = "s3://data/chats/", f"{HUB}/DataSet/chats/1.0.0"
        graph = lineage(
            f"""{place}(dataset) -has_version-> {place}@1(dataset_version) -content_of-> {registered}(dataset_version)
            {registered} -input_to:train-> j1(training_job)
            {registered} -input_to:validation-> j1
            {place}@1 -input_to:train-> j2(training_job)"""
        )
        site = Site(graph=graph, envelope=ENVELOPE, settings=small.SETTINGS, findings=[], history=[ENVELOPE])
        page = views.asset_page(site, graph.assets[place], "assets/dataset.html").data["own"]

        assert {row[0]["id"] for row in page["readers"]["rows"]} == {"j1", "j2"}
        assert [version["readers"] for version in page["versions"]] == [2]
        (column,) = [one for one in datasets_table(site).columns if one.title == "Readers"]
        assert column.cell(graph.assets[place]) == 2

    def test_what_an_endpoint_that_is_gone_was_is_told_as_past(self) -> None:
        """Neither its page nor a list says that it is in service, that a model runs there, or of a gone version that it
        is approved."""
        graph = lineage(
            """bot/1(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config)
            c -deployed_to-> bot(endpoint)""",
            {
                "bot": {"status": "InService", "stage": "production", "gone_since": 1},
                "bot/1": {"gone_since": 1, "attributes": {"approval": "Approved"}},
            },
        )
        site = Site(graph=graph, envelope=ENVELOPE, settings=small.SETTINGS, findings=[], history=[ENVELOPE])
        pages = [
            views.asset_page(site, graph.assets[one], f"assets/{kind}.html")
            for one, kind in (("bot", "endpoint"), ("bot/1", "model_package"))
        ]
        endpoint, version = (
            Templates().render(page.template, root="../", page=page, picture="", **page.data) for page in pages
        )

        assert "What ran here" in endpoint
        assert "What runs here" not in endpoint
        assert ">was InService</span>" in endpoint
        assert ">InService<" not in endpoint
        assert ">was Approved</span>" in version
        assert 'sb-badge--good">Approved<' not in version
        (row,) = endpoints_table(site).on_page()["rows"]
        assert {"badge": "was InService", "tone": "plain"} in row

    def test_what_data_was_made_of_is_not_what_a_model_was_trained_on(self) -> None:
        """A job that made the table read the exports; the model's job read the table alone."""
        graph = lineage(
            """
            exports(artifact) -input_to:raw-> prepare(processing_job) -produced-> table(dataset_version)
            table -input_to:train-> fit(training_job) -produced-> p/1(model_package) -packaged_as-> m(model)
            m -deployed_to-> c(endpoint_config) -deployed_to-> bot(endpoint)
            """
        )
        site = Site(graph=graph, envelope=ENVELOPE, settings=small.SETTINGS, findings=[], history=[ENVELOPE])
        [answer] = answers(site, graph.assets["bot"])

        assert [link["id"] for link in answer["data"]] == ["table"]

    def test_a_router_shows_where_it_sends_requests(self) -> None:
        """Each target with the endpoints behind it that the catalog knows, under a name of its own."""
        targets = [
            {"name": "chat", "destinations": ["bot", "elsewhere"], "preference": "LocalRegionFirst"},
            {"name": "odd", "destinations": [], "asynchronous": True},
        ]
        graph = lineage(
            "bot(endpoint) -deployed_to:chat-> front(endpoint)",
            {"front": {"attributes": {"router": True, "targets": targets}}},
        )
        site = Site(graph=graph, envelope=ENVELOPE, settings=small.SETTINGS, findings=[], history=[ENVELOPE])
        data = views.asset_page(site, graph.assets["front"], "assets/endpoint.html").data

        assert data["kind"]["title"] == "Inference router"
        assert [
            (one["name"], [link["id"] for link in one["to"]], one["preference"], one["queued"])
            for one in data["own"]["targets"]
        ] == [("chat", ["bot"], "LocalRegionFirst", False), ("odd", [], None, True)]
        assert data["attributes"] == []

    def test_a_feature_group_shows_who_writes_and_who_learns(self) -> None:
        """Jobs that fill it, datasets made of it, jobs that read it, and the models that came of that."""
        graph = lineage(
            """
            fill(processing_job) -produced:features-> cards(feature_group) -content_of-> export/1(dataset_version)
            cards -input_to:train~-> fit(training_job) -produced-> p/1(model_package)
            """,
            {
                "cards": {
                    "attributes": {"record_identifier": "card", "event_time": "at", "features": 3, "uri": "s3://b/f/"}
                }
            },
        )
        site = Site(graph=graph, envelope=ENVELOPE, settings=small.SETTINGS, findings=[], history=[ENVELOPE])
        said = views.asset_page(site, graph.assets["cards"], "assets/feature_group.html").data["own"]

        assert {name: [link["id"] for link in said[name]] for name in ("writers", "exports", "models")} == {
            "writers": ["fill"],
            "exports": ["export/1"],
            "models": ["p/1"],
        }
        assert (said["identifier"], said["time"], said["count"], said["online"]) == ("card", "at", 3, False)
        assert len(said["readers"]["rows"]) == 1

    def test_neighbours_show_nothing_that_changes_every_night(self) -> None:
        """A link to an asset says its name and kind, not its status or metrics."""
        assert set(SITE.link(small.JOB)) == {"id", "name", "kind", "kind_title", "path", "marks", "where", "at"}


class TestNames:
    def test_a_name_that_is_not_unique_has_its_place(self) -> None:
        """Of one kind and name: account and stage, and the region where the account has several; alone: nothing."""
        several = [
            ("a", "444444444444", "us-west-2"),
            ("b", "444444444444", "eu-west-1"),
            ("c", "333333333333", "us-west-2"),
        ]
        assets = [Asset(id=one, kind="endpoint", name="bot", account=who, region=where) for one, who, where in several]
        assets.append(Asset(id="m", kind="model", name="bot", account="444444444444", region="us-west-2"))
        settings = Settings.model_validate(
            {"accounts": [{"id": "444444444444", "name": "prod", "stage": "production", "regions": ["us-west-2"]}]}
        )
        site = Site(graph=Graph(assets, []), envelope=ENVELOPE, settings=settings)
        assert [full_name(site.link(one)) for one in "abcm"] == [
            "bot · prod · us-west-2", "bot · prod · eu-west-1", "bot · 333333333333", "bot",
        ]  # fmt: skip
        page = views.asset_page(site, site.graph.assets["c"], "assets/_default.html")
        assert page.title == "Endpoint bot · 333333333333"

    def test_what_one_region_has_twice_is_told_apart(self) -> None:
        """By its time, or by the end of its page's address."""
        times = {"a": "2026-11-19T16:45:00Z", "b": "2026-11-19T16:46:00Z", "c": None, "d": None}
        assets = [
            Asset(id=one, kind="action", name="Create", region="eu-west-1", created_at=at) for one, at in times.items()
        ]
        site = Site(graph=Graph(assets, []), envelope=ENVELOPE)
        told = [full_name(site.link(one)) for one in times]
        assert told[0] == "Create · eu-west-1 · 2026-11-19 16:45:00"
        assert len(set(told)) == len(times)

    def test_a_new_namesake_changes_what_others_show(self) -> None:
        """A page that names an asset is made again in the night in which another of that name comes."""
        bot = Asset(id="a", kind="endpoint", name="bot", account="444444444444")
        other = Asset(id="b", kind="endpoint", name="bot", account="333333333333")
        old, new = Graph([bot], []), Graph([bot, other], [])
        notes = ReadSet()
        notes.begin()
        TrackedSite(Site(graph=old, envelope=ENVELOPE), notes).link("a")
        assert notes.read & changed(old, new)


class TestWords:
    @pytest.mark.parametrize(
        ("certainty", "evidence", "said"),
        [
            ("referenced", ["sagemaker:DescribeEndpoint#X of arn:y", "mlflow:runs/search#z"], "AWS says"),
            ("referenced", ["mlflow:runs/search#z", "config:mlflow"], "MLflow says"),
            ("referenced", ["config:datasets[0]"], "The configuration says"),
            ("declared", ["sagemaker:ListAssociations#SourceArn"], "Lineage API says"),
            ("inferred", ["sagemaker:DescribeEndpoint#X", "rule:x"], "Studbook infers"),
            ("referenced", [], "AWS or MLflow says"),
        ],
    )
    def test_who_says_so(self, certainty: str, evidence: list[str], said: str) -> None:
        """What MLflow alone recorded is not said to be AWS's word."""
        assert says(certainty, evidence) == said


class TestModelPage:
    def test_a_version_is_named_with_its_copies(self) -> None:
        """The line has each version once, with what it is called in other accounts, whichever group is asked."""
        graph = lineage(
            """
            bots(model_package_group) -has_version-> bot/1(model_package) -copied_to-> prod/7(model_package)
            copies(model_package_group) -has_version-> prod/7
            """,
            {
                "bot/1": {"attributes": {"version": 1}},
                "prod/7": {"attributes": {"version": 7}, "account": "444444444444"},
            },
        )
        site = Site(graph=graph, envelope=ENVELOPE)
        for group in ("bots", "copies"):
            page = views.asset_page(site, graph.assets[group], "assets/_default.html")
            [row] = page.data["own"]["versions"]
            assert [one["name"] for one in row["members"]] == ["1", "444444444444 7"]

    def test_aliases_are_those_of_the_same_version_in_mlflow(self) -> None:
        """A registry's alias is told of the version that it points at, and of its copies."""
        drawn = """
            reg(mlflow_registered_model) -has_version-> reg/2(mlflow_model_version)
            reg/2 -registered_as-> bot/1(model_package) -copied_to-> prod/7(model_package)
        """
        facts = {
            "reg": {"attributes": {"model_aliases": {"champion": "2", "old": "1"}}},
            "reg/2": {"attributes": {"version": "2"}},
        }
        graph = lineage(drawn, facts)
        site = Site(graph=graph, envelope=ENVELOPE)
        for version in ("bot/1", "prod/7"):
            assert [one["name"] for one in aliases_of(site, graph.assets[version])] == ["champion"]


class TestGlossary:
    def test_says_what_each_field_of_each_kind_means(self) -> None:
        """Each declared attribute, below its kind, which leads to the manual; what any kind can have is said once."""
        page = views.page(SITE, "glossary")
        text = html.unescape(Templates().render(page.template, root="../", page=page, **page.data))
        kinds = dict(zip(KINDS, re.split(r"<dt>(?!<code>)", text.partition('id="kinds"')[2])[1:], strict=False))
        beside = text.partition('id="fields"')[2].partition('id="relations"')[0]
        anchors = set(
            re.findall(r"\{ #([\w-]+) \}", (Path(__file__).parents[2] / "docs" / "attributes.md").read_text("utf-8"))
        )
        assert set(re.findall(r'href="\.\./attributes/#([\w-]+)"', text)) == anchors
        told = [(kinds[kind], row) for kind, rows in declared_attributes().items() for row in rows]
        for part, row in [*told, *((beside, row) for row in LINKED)]:
            assert row.meaning in part.partition(f"<dt><code>{row.name}</code></dt><dd>")[2].partition("</dd>")[0]


class TestNotices:
    def test_a_gap_touches_the_pages_of_its_partition(self) -> None:
        """An asset of an account and region that was not seen whole says so."""
        asset = Asset(id="x", kind="training_job", name="x", account=small.DEV, region="eu-west-1")

        assert [notice["tone"] for notice in SITE.notices(asset)] == ["gap"]

    @pytest.mark.parametrize(
        ("field", "tone"),
        [
            ({"gone_since": 2}, "gone"),
            ({"attributes": {"lifecycle_stage": "deleted"}}, "gone"),
            ({"stale_since": 2}, "stale"),
            ({"attributes": {"unresolved": True}}, "unresolved"),
        ],
    )
    def test_states_are_said(self, field: dict[str, object], tone: str) -> None:
        """Gone, stale and unresolved assets say what that means."""
        asset = Asset(id="x", kind="training_job", name="x", **field)  # type: ignore[arg-type]

        assert [notice["tone"] for notice in SITE.notices(asset)] == [tone]

    def test_what_aws_publishes_for_everybody(self) -> None:
        """It is known by who names it alone, and no listing could have shown it; a reference that is listed is."""
        public = Asset(id="x", kind="base_model", name="x", account="aws")
        assert [notice["title"] for notice in SITE.notices(public)] == ["Published by AWS"]
        assert SITE.notices(public.but(records=("sagemaker/hub_content/x",))) == []


class TestHome:
    def test_tells_what_runs_in_production(self) -> None:
        """Home names the model line, what production runs of it and where, and how much is wrong with it."""
        data = views.page(SITE, "home").data

        line = next(item for item in data["lines"] if item["group"]["id"] == small.GROUP)
        assert line["version"]["id"] == small.CLONE
        assert [place["endpoint"]["id"] for place in line["places"]] == [small.ENDPOINT]
        assert dict(line["problems"])["error"] == 1
        assert data["gaps"][0]["reasons"][0]["code"] == "AccessDeniedException"

    def test_a_long_board_says_so(self) -> None:
        """Of many lines the first are told, with how many there are more; chips of a part would deny the rest."""
        groups = [
            pedigrees.asset(f"team-{n:03}", "model_package_group", stage=("staging", "production")[n % 2])
            for n in range(LINES + 3)
        ]
        for count, more, chips in ((LINES, 0, ["Stage"]), (LINES + 3, 3, [])):
            data = views.page(site_of(Graph(groups[:count], [])), "home").data
            assert (len(data["lines"]), data["more"], list(data["chips"])) == (LINES, more, chips)

    @pytest.mark.parametrize(("name", "account"), [("bot", "dev"), ("two words", "dev"), ("bot", None)])
    def test_a_finding_stands_behind_a_link_to_its_asset(self, name: str, account: str | None) -> None:
        """A message that begins with a handle of its asset goes on behind the link; any other is told whole."""
        asset = pedigrees.asset(name, "endpoint", account=account)
        site = site_of(Graph([asset], []))
        for message, said in ((f"{name} runs x: mend it.", "runs x: mend it."), ("It is odd.", None)):
            finding = Finding(id="1", rule="r", level="note", asset=asset.id, message=message)
            assert site.finding(finding)["said"] == said

    def test_one_sentence_of_several_things_is_said_once(self) -> None:
        """In the order of the first of them; not of one that is waived and one that is not, nor without a name."""
        found = [("a", "runs x", None), ("b", "is y", None), ("c", "runs x", None), ("d", "runs x", {"who": "ana"})]
        found += [("e", None, None), ("f", None, None)]
        items = [{"asset": asset, "said": said, "waived": waived} for asset, said, waived in found]
        told = [[one["asset"] for one in several] for several in alike(items)]
        assert told == [["a", "c"], ["b"], ["d"], ["e"], ["f"]]


class TestAnswersTold:
    def test_what_is_not_known_is_what_gaps_says(self) -> None:
        """Each row of the question in one place on the page, for versions and endpoints alike."""
        lacking = 0
        for asset_id in (small.PACKAGE_1, small.PACKAGE_2, small.CLONE, small.ENDPOINT, small.GHOST):
            own = views.asset_page(SITE, SITE.graph.assets[asset_id], "x").data["own"]
            rows = gaps(SITE.night, asset_id).rows
            lacking += len(rows)
            assert [item["why"] for item in own["not_known"]] == [row.why for row in rows]
        assert lacking

    def test_what_waits_is_what_candidates_says(self) -> None:
        """A running version has the sentence of the question; one that runs nowhere has no banner."""
        own = views.asset_page(SITE, SITE.graph.assets[small.ENDPOINT], "x").data["own"]
        answer = candidates(SITE.night, small.ENDPOINT)
        assert own["waiting"]["summary"] == answer.summary
        assert (own["waiting"]["best"] is None) is (answer.total == 0)


class TestDossier:
    def test_what_may_be_is_not_said_to_be(self) -> None:
        """A score on one of several candidates, and a place where one of several versions answers, are told as such."""
        graph = lineage(
            """
            p/1(model_package) -input_to:evaluated_model-> exam(evaluation_job)
            judge/1(evaluator_version) -input_to:evaluator-> exam
            s/1(dataset_version) -input_to:test~?-> exam
            s/2(dataset_version) -input_to:test~?-> exam
            p/1 -packaged_as~?-> many(model) -deployed_to-> c(endpoint_config) -deployed_to-> bot(endpoint)
            """,
            {"exam": {"attributes": {"metrics": {"f1": 0.5}}}},
        )
        site = Site(graph=graph, envelope=ENVELOPE, settings=small.SETTINGS, findings=[], history=[ENVELOPE])
        sections = {one["title"]: one for one in dossier_page(site, graph.assets["p/1"]).data["sections"]}

        scores = [line["parts"][-1] for line in sections["Scores"]["lines"]]
        assert scores == [", inferred, one of several candidates"] * 2
        assert sections["What runs"]["lines"][0]["parts"][1].startswith(" may answer with it, ")
        assert sections["Data"]["lines"] == []
        assert sections["Data"]["none"] == "None is known."


class TestPlacePages:
    def test_every_account_and_region_has_one(self) -> None:
        """Accounts that only others' records name have a page too."""
        assert [page.path for page in views.place_pages(SITE)] == [
            *(f"accounts/{account}/" for account in sorted([small.DEV, small.PROD, "999999999999", "aws"])),
            "regions/eu-west-1/",
            "regions/us-west-2/",
        ]


class TestLinksOut:
    def test_console_of_a_job(self) -> None:
        """A job leads to its place in the AWS console."""
        [link] = links_out(SITE.graph.assets[small.JOB])

        assert link["href"] == "https://us-west-2.console.aws.amazon.com/sagemaker/home?region=us-west-2#/jobs/sft-1"

    def test_no_place_for_a_job_of_the_job_api(self) -> None:
        """The console's list of training jobs does not have them."""
        job = Asset(id="arn:aws:sagemaker:us-west-2:1:job/AgentRFT/j", kind="training_job", name="j")
        assert links_out(job) == []

    def test_no_place_for_a_router(self) -> None:
        """It is an endpoint, and none of those that the console lists."""
        router = Asset(id="arn:aws:sagemaker:us-west-2:1:inference-router/r", kind="endpoint", name="r")
        assert links_out(router) == []

    def test_commit(self) -> None:
        """Code leads to its commit."""
        [link] = links_out(SITE.graph.assets[small.CODE])

        assert link["href"].startswith("https://github.com/herd/train/commit/0123456")

    @pytest.mark.parametrize(
        "asset_id",
        [
            "git:javascript:alert(1)@0123456",
            "git:https://github.com.evil.example/x@0123456",
            "git:https://github.com/x@javascript",
            "arn:aws:sagemaker:evil.example/:1:training-job/x",
            "s3://../x/",
        ],
    )
    def test_strangers_addresses_are_not_linked(self, asset_id: str) -> None:
        """What is no known host, region, bucket or commit is shown and not linked."""
        assert links_out(Asset(id=asset_id, kind="training_job", name="x")) == []

    def test_what_is_gone_has_no_link(self) -> None:
        """A tombstone leads nowhere."""
        assert links_out(Asset(id=small.JOB, kind="training_job", name="x", gone_since=2)) == []
