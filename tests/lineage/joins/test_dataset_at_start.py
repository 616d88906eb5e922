"""What a job read, by DESIGN.md sections 5 and 9."""

from studbook.lineage.link import ConfiguredDataset, LinkContext
from studbook.model.facts import Manifest, Reads
from studbook.model.ids import fingerprint
from told import JOB, Estate, inputs, item, job, state

NOON = "2026-11-02T12:00:00Z"


def reads(uri: str, at: str | None = NOON, data_type: str = "S3Prefix") -> Reads:
    return Reads(reader=JOB, uri=uri, role="train", at=at, data_type=data_type, evidence="sagemaker:X#Uri")


def told(uri: str, *states, at: str | None = NOON, data_type: str = "S3Prefix") -> dict:
    return inputs(Estate().say(job(), claims=[reads(uri, at, data_type), *states]).linked())


OLD = item("p/a", "2026-11-01T00:00:00Z", "old")
NEW = item("p/a", "2026-11-03T00:00:00Z", "new")


class TestByListing:
    def test_the_last_state_complete_at_the_start_is_inferred(self):
        """Without object versions nothing is proved, but an untouched state was in force."""
        assert told("s3://b/p/", state("s3://b/p/", OLD)) == {
            state("s3://b/p/", OLD).version: ("inferred", False, {"rule:dataset-at-start"})
        }

    def test_a_state_from_after_the_start_was_not_read(self):
        """A dataset overwritten later is read as its earlier state."""
        earlier = state("s3://b/p/", OLD, current=False)

        assert set(told("s3://b/p/", earlier, state("s3://b/p/", NEW))) == {earlier.version}

    def test_with_no_state_of_that_time_the_dataset_itself_was_read(self):
        """What is not known is not made up: the exact URI still names the dataset."""
        assert told("s3://b/p/", state("s3://b/p/", NEW)) == {"s3://b/p/": ("referenced", False, set())}

    def test_several_fitting_states_are_all_candidates(self):
        """Two states with the same newest object differ by a deletion, which leaves no time."""
        other = item("p/b", "2026-10-01T00:00:00Z")
        one, two = state("s3://b/p/", OLD, other, current=False), state("s3://b/p/", OLD)

        found = told("s3://b/p/", one, two)

        assert set(found) == {one.version, two.version}
        assert all(candidate for _, candidate, _ in found.values())

    def test_a_configured_dataset_that_was_never_listed_is_still_a_dataset(self):
        """A denied bucket does not turn a dataset into an artifact."""
        context = LinkContext(datasets=(ConfiguredDataset("s3://b/p/", "p", None, "config:datasets[0].uri"),))

        linked = Estate().say(job(), claims=[reads("s3://b/p/x.csv")]).linked(context)

        assert inputs(linked) == {"s3://b/p/": ("inferred", False, {"rule:s3-prefix"})}
        assert next(a for a in linked.assets if a.id == "s3://b/p/").unresolved


class TestByObjectVersions:
    VERSIONS = (
        {**OLD, "VersionId": "1", "IsLatest": False},
        {**NEW, "VersionId": "2", "IsLatest": True},
    )

    def test_exact_uri_and_object_versions_prove_it(self):
        """The state at the start is put together from object versions, whoever listed it."""
        at_start = f"s3://b/p/@{fingerprint([OLD], 'p/')}"

        assert told("s3://b/p/", state("s3://b/p/", NEW, versions=self.VERSIONS)) == {
            at_start: ("referenced", False, set())
        }

    def test_containment_is_inferred(self):
        """A key inside the dataset names the dataset only by where it lies."""
        found = told("s3://b/p/a", state("s3://b/p/", NEW, versions=self.VERSIONS), data_type="Object")

        assert list(found.values()) == [("inferred", False, {"rule:s3-prefix"})]

    def test_delete_markers_are_honoured(self):
        """What was deleted before the start was not read."""
        gone = item("p/z", "2026-10-01T00:00:00Z", VersionId="7", IsLatest=False)
        marker = {"Key": "p/z", "LastModified": "2026-10-02T00:00:00Z", "IsLatest": True, "VersionId": "8"}

        found = told("s3://b/p/", state("s3://b/p/", NEW, versions=[*self.VERSIONS, gone], markers=[marker]))

        assert set(found) == {f"s3://b/p/@{fingerprint([OLD], 'p/')}"}

    def test_an_overwrite_without_a_version_proves_nothing(self):
        """A "null" version younger than the start may have replaced anything."""
        null = {**NEW, "VersionId": "null", "IsLatest": True}

        assert told("s3://b/p/", state("s3://b/p/", NEW, versions=[null])) == {
            "s3://b/p/": ("referenced", False, set())
        }

    def test_a_put_together_state_is_a_version_of_its_dataset(self):
        """It has a node and a parent like any listed one, and says that it was put together."""
        linked = (
            Estate().say(job(), claims=[reads("s3://b/p/"), state("s3://b/p/", NEW, versions=self.VERSIONS)]).linked()
        )
        version = next(a for a in linked.assets if a.kind == "dataset_version")

        assert version.attributes["reconstructed"] is True
        assert set(inputs(linked, version.id, "has_version")) == {"s3://b/p/"}


class TestPrefixes:
    def test_a_longer_name_is_another_prefix(self):
        """s3://b/p/ says nothing of s3://b/p2/."""
        assert told("s3://b/p2/x", state("s3://b/p/", OLD)) == {"s3://b/p2/x": ("referenced", False, set())}

    def test_without_a_slash_every_prefix_that_starts_so_is_meant(self):
        """s3://b/p reads p/ and p2/ alike: several candidates."""
        two = state("s3://b/p2/", item("p2/a", "2026-11-01T00:00:00Z"))

        found = told("s3://b/p", state("s3://b/p/", OLD), two)

        assert {rule for _, _, rules in found.values() for rule in rules} >= {"rule:prefix-without-slash"}
        assert [candidate for _, candidate, _ in found.values()] == [True, True]

    def test_of_nested_datasets_the_innermost_is_read(self):
        """The dataset around it has no edge."""
        inner = state("s3://b/p/q/", item("p/q/a", "2026-11-01T00:00:00Z"))

        assert set(told("s3://b/p/q/a", state("s3://b/p/", OLD), inner)) == {inner.version}

    def test_a_manifest_is_not_expanded(self):
        """The manifest names other objects: it is an artifact, and says so."""
        linked = (
            Estate()
            .say(job(), claims=[reads("s3://b/p/m.manifest", data_type="ManifestFile"), state("s3://b/p/", OLD)])
            .linked()
        )
        manifest = next(a for a in linked.assets if a.id == "s3://b/p/m.manifest")

        assert set(inputs(linked)) == {"s3://b/p/m.manifest"}
        assert manifest.attributes["expanded"] is False

    def test_a_subprefix_is_its_own_version(self):
        """With subprefixes a job reads the version that its URI lies in."""
        one = state("s3://b/sets/v1/", item("sets/v1/a", "2026-11-01T00:00:00Z"), dataset="s3://b/sets/")
        two = state("s3://b/sets/v2/", item("sets/v2/a", "2026-11-01T00:00:00Z"), dataset="s3://b/sets/")

        assert set(told("s3://b/sets/v2/a", one, two)) == {two.version}
        assert set(told("s3://b/sets/", one, two)) == {"s3://b/sets/"}


class TestManifests:
    def listing(self, *uris: str, modified: str = "2026-11-01T00:00:00Z") -> Manifest:
        entries = tuple((f"s3:GetObject#Body|[{index}]", uri) for index, uri in enumerate(uris, 1))
        return Manifest(uri="s3://b/m.manifest", modified=modified, entries=entries)

    def told(self, manifest: Manifest, *states) -> dict:
        claims = [reads("s3://b/m.manifest", data_type="ManifestFile"), manifest, *states]
        return inputs(Estate().say(job(), claims=claims).linked())

    def test_the_datasets_of_the_listed_objects_were_read(self):
        """One edge for each dataset, however many objects, beside the manifest itself."""
        found = self.told(self.listing("s3://b/p/a", "s3://b/p/b", "s3://b/else/x"), state("s3://b/p/", OLD))

        assert found == {
            "s3://b/m.manifest": ("referenced", False, set()),
            state("s3://b/p/", OLD).version: ("inferred", False, {"rule:s3-prefix", "rule:dataset-at-start"}),
        }

    def test_the_subprefix_of_an_object_is_its_version(self):
        """With `versions: subprefixes` a manifest can read several versions of one dataset."""
        one = state("s3://b/p/v1/", item("p/v1/a", "2026-10-01T00:00:00Z"), dataset="s3://b/p/")
        two = state("s3://b/p/v2/", item("p/v2/a", "2026-10-02T00:00:00Z"), dataset="s3://b/p/")

        found = self.told(self.listing("s3://b/p/v1/a", "s3://b/p/v2/a"), one, two)

        assert set(found) == {"s3://b/m.manifest", one.version, two.version}

    def test_a_manifest_written_later_only_suggests(self):
        """What it listed when the job started is not known."""
        found = self.told(self.listing("s3://b/p/a", modified="2026-11-03T00:00:00Z"), state("s3://b/p/", OLD))

        certainty, candidate, rules = found[state("s3://b/p/", OLD).version]
        assert (certainty, candidate) == ("inferred", True)
        assert "rule:manifest-written-later" in rules
