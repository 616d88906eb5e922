"""What every source promises, tested once and run for each of SOURCES."""

from __future__ import annotations

import re

import botocore.session
import pytest

from studbook.aws.sessions import only_reads
from studbook.model import Facts, Record
from studbook.settings import Settings, load_settings
from studbook.sources import SOURCES, normalize
from studbook.sources.declarative_source import Declared
from studbook.store import Catalog
from studbook.store.chunks import RECORDS

CORE = botocore.session.get_session()
DECLARED = [
    pytest.param(source.name, resource, id=f"{source.name}:{resource.kind}")
    for source in SOURCES
    if isinstance(source, Declared)
    for resource in source.resources
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
class TestSource:
    def test_name(self, source):
        """A source is called as the configuration calls it."""
        Settings.model_validate({"sources": {source.name: {"enabled": False}}})

    def test_actions_only_read(self, source):
        """The IAM actions that it may need are sorted, well formed, and read."""
        assert list(source.actions) == sorted(set(source.actions))
        for action in source.actions:
            service, name = action.split(":")
            assert re.fullmatch(r"[a-z0-9-]+", service)
            # One action opens all of an App's API; the source's own list of requests narrows it again.
            assert only_reads(name) or action in ("sagemaker:CallMlflowAppApi", "s3express:CreateSession")

    def test_nothing_configured(self, source):
        """An empty configuration leads to no visit."""
        assert source.plan(Settings(), ()) == {}

    def test_follows(self, source, demo_catalog):
        """What a plan comes to is in the records with the texts that the source follows."""
        catalog = Catalog(demo_catalog)
        records = list(catalog.records(catalog.resolve("latest")))
        settings = load_settings(demo_catalog / "studbook.yml")
        followed = [one for one in records if any(text.encode() in RECORDS.line(one) for text in source.follows)]

        assert source.plan(settings, followed) == source.plan(settings, records)
        assert (source.plan(settings, records) == source.plan(settings, ())) == (not source.follows)


class TestSources:
    def test_names_are_unique(self):
        """A record finds its source by name."""
        names = [source.name for source in SOURCES]

        assert len(names) == len(set(names))

    def test_no_two_statements_have_one_name(self):
        """IAM refuses a policy with a name twice; what a source is granted has names of its own."""
        names = [grant.sid for source in SOURCES for grant in source.grants]

        assert len(names) == len(set(names))
        assert all(name.isalnum() for name in names)

    def test_a_record_of_an_unknown_source(self):
        """A record that an older or newer version wrote says nothing, and harms nothing."""
        record = Record(source="fax", kind="page", id="1", account=None, region=None, revision="1", body={})

        assert normalize(record) == Facts()

    def test_parents_come_first(self):
        """A type that is listed under another is declared after it."""
        for source in SOURCES:
            if isinstance(source, Declared):
                met = set()
                for resource in source.resources:
                    assert resource.listing.parent is None or resource.listing.parent in met
                    met.add(resource.kind)


@pytest.mark.parametrize(("service", "resource"), DECLARED)
class TestDeclaration:
    def operation(self, service, name):
        return CORE.get_service_model(service).operation_model(name)

    def test_listing(self, service, resource):
        """Its listing is an operation of the service, with these parameters and these members in the answer."""
        listing = resource.listing
        operation = self.operation(service, listing.operation)
        asked = {*listing.params, *(name for variant in listing.variants for name in variant)}
        if listing.page_size is not None:
            asked.add(listing.page_param)
            largest = operation.input_shape.members[listing.page_param].metadata.get("max", listing.page_size)
            assert listing.page_size <= largest
        assert asked <= set(operation.input_shape.members)
        assert listing.items in operation.output_shape.members
        assert listing.token in operation.output_shape.members
        assert listing.token in operation.input_shape.members

    def test_described_by_operations_that_read(self, service, resource):
        """Every operation exists and reads."""
        for name in resource.operations:
            self.operation(service, name)
            assert only_reads(name)

    def test_details(self, service, resource):
        """A paged detail's items are a member of its answer."""
        for detail in resource.details:
            operation = self.operation(service, detail.operation)
            if detail.items is not None:
                assert detail.items in operation.output_shape.members
                if detail.page_size is not None:
                    size = operation.input_shape.members["MaxResults"].metadata
                    assert size.get("min", 1) <= detail.page_size <= size.get("max", detail.page_size)
