"""What is believed of Search: its shapes held against the describe calls', and the rules for what it may hide."""

from __future__ import annotations

import botocore.session
import pytest

from studbook.model import Record
from studbook.sources.sagemaker import RESOURCES
from studbook.sources.sagemaker.search import never_whole

MODEL = botocore.session.get_session().get_service_model("sagemaker")
SEARCHED = {resource.kind: resource for resource in RESOURCES if resource.bulk is not None}
GROUP = "arn:aws:sagemaker:us-west-2:111122223333:model-package-group/chat"
PACKAGE = "arn:aws:sagemaker:us-west-2:111122223333:model-package/chat/1"


def searched_shape(resource):
    name = resource.bulk.params["Resource"]
    shape = MODEL.shape_for("SearchRecord").members[name]
    return shape.members["Model"] if name == "Model" else shape


class Found:
    """What tonight showed: records, and kinds of which there are none."""

    def __init__(self, *records, none=()):
        self._records = {(record.kind, record.id): record for record in records}
        self._none = none

    def found(self, kind, record_id):
        return self._records.get((kind, record_id))

    def none_of(self, kind):
        return kind in self._none


NO_MLFLOW = Found(none=("mlflow_app", "mlflow_tracking_server"))


@pytest.mark.parametrize("resource", SEARCHED.values(), ids=SEARCHED)
class TestShapes:
    """They fail when a newer botocore has members that the declarations do not know of."""

    def test_what_it_lacks(self, resource):
        """Every member that the description has and Search lacks is declared as dropped or as a reason to describe."""
        bulk = resource.bulk
        described = MODEL.operation_model(resource.describe.operation).output_shape.members
        lacking = set(described) - set(searched_shape(resource).members)
        if bulk.whole is never_whole:
            assert not bulk.drops
        else:
            assert lacking <= bulk.drops | bulk.apart
            assert bulk.drops <= lacking

    def test_what_both_have_is_the_same(self, resource):
        """Members of one name have one shape, so that a record is the same whichever call brought it."""
        described = MODEL.operation_model(resource.describe.operation).output_shape.members
        found = searched_shape(resource).members
        if resource.bulk.whole is not never_whole:
            assert {name: shape.name for name, shape in found.items() if name in described} == {
                name: shape.name for name, shape in described.items() if name in found
            }

    def test_only_what_the_description_has(self, resource):
        """Members that Search alone has are left out of records, tags aside."""
        described = set(MODEL.operation_model(resource.describe.operation).output_shape.members)
        body = dict.fromkeys(searched_shape(resource).members, "x") | {"Tags": [{"Key": "b"}, {"Key": "a"}]}
        name = resource.bulk.params["Resource"]
        record = resource.bulk.record({name: {"Model": body} if name == "Model" else body})
        if resource.bulk.whole is not never_whole:
            assert set(record) <= described | {"Tags"}
        if "Tags" in resource.bulk.brings:
            assert [tag["Key"] for tag in record["Tags"]] == ["a", "b"]

    def test_summaries_are_compared(self, resource):
        """A summary's members that Search lacks are declared; all others tell whether Search lags behind."""
        operation = MODEL.operation_model(resource.listing.operation)
        summary = operation.output_shape.members[resource.listing.items].member.members
        assert set(summary) - set(searched_shape(resource).members) == resource.bulk.unshared

    def test_order(self, resource):
        """What results are sorted by is a member of both, where the early end relies on it."""
        summary = MODEL.operation_model(resource.listing.operation).output_shape.members[resource.listing.items].member
        if resource.bulk.order:
            assert resource.bulk.order in summary.members
        assert resource.bulk.params["SortBy"] in searched_shape(resource).members


CLASSIC = {"AlgorithmSpecification": {"TrainingImage": "image"}, "ResourceConfig": {"InstanceCount": 1}}


class TestTrainingJob:
    whole = staticmethod(SEARCHED["training_job"].bulk.whole)

    def test_with_an_image_and_instances(self):
        """A job with an algorithm and instances is not serverless; without MLflow it has no run."""
        assert self.whole(CLASSIC, NO_MLFLOW)
        algorithm = {"AlgorithmName": "xgboost"}
        assert self.whole({**CLASSIC, "AlgorithmSpecification": algorithm}, NO_MLFLOW)

    @pytest.mark.parametrize("member", ["AlgorithmSpecification", "ResourceConfig"])
    def test_serverless(self, member):
        """A job without either may be serverless, which Search does not show."""
        body = {name: value for name, value in CLASSIC.items() if name != member}
        assert not self.whole(body, NO_MLFLOW)

    def test_what_registers_its_model_itself(self):
        """Serverless jobs alone do, whatever else Search shows of them."""
        assert not self.whole({**CLASSIC, "ModelPackageConfig": {"ModelPackageGroupArn": "g"}}, NO_MLFLOW)

    @pytest.mark.parametrize("kind", ["mlflow_app", "mlflow_tracking_server"])
    def test_where_there_is_mlflow(self, kind):
        """Where there is MLflow, or nobody knows, a job may have a run, which Search does not show."""
        none = {"mlflow_app", "mlflow_tracking_server"} - {kind}
        assert not self.whole(CLASSIC, Found(none=none))


class TestModelPackage:
    whole = staticmethod(SEARCHED["model_package"].bulk.whole)

    def group(self, **body):
        group = Record(
            source="sagemaker",
            kind="model_package_group",
            id=GROUP,
            account="111122223333",
            region="us-west-2",
            revision="",
            body=body,
        )
        return Found(group)

    def test_in_a_plain_group(self):
        """All of it is shown."""
        assert self.whole({"ModelPackageArn": PACKAGE}, self.group())

    def test_in_no_group(self):
        """Managed storage comes with a group, so Search shows all of a package without one."""
        assert self.whole({"ModelPackageArn": "arn:aws:sagemaker:us-west-2:111122223333:model-package/lone"}, Found())

    def test_in_a_managed_group(self):
        """Its storage type is not shown, so it is described."""
        seen = self.group(ManagedConfiguration={"ManagedStorageType": "Restricted"})
        assert not self.whole({"ModelPackageArn": PACKAGE}, seen)

    def test_in_a_group_nobody_could_read(self):
        """Nobody knows, so it is described."""
        assert not self.whole({"ModelPackageArn": PACKAGE}, Found())

    def test_with_a_card(self):
        """A card's text is the description's to show or to withhold."""
        assert not self.whole({"ModelPackageArn": PACKAGE, "ModelCard": {"ModelCardStatus": "Draft"}}, self.group())


class TestEndpoint:
    whole = staticmethod(SEARCHED["endpoint"].bulk.whole)

    def test_at_rest(self):
        """Without a deployment there is nothing pending."""
        assert self.whole({"EndpointStatus": "InService"}, Found())

    @pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack", None])
    def test_being_deployed(self, status):
        """What is pending is the description's to show."""
        assert not self.whole({"EndpointStatus": status}, Found())
