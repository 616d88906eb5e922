"""What SageMaker's Lineage API has of a job by itself: a trial component, artifacts for its places, and associations.

Nobody calls these operations for it: the service writes them when a job is created, one artifact for each URI.
"""

from __future__ import annotations

from typing import Any

from studbook.demo.estate.world import DEV, World

_SUFFIX = {"training-job": "-aws-training-job", "processing-job": "-aws-processing-job"}
_TYPE = {"training-job": "SageMakerTrainingJob", "processing-job": "SageMakerProcessingJob"}


def trace_job(world: World, arn: str, moment: str) -> None:
    """The entities of a job that is there already."""
    world.at(moment)
    sagemaker = world.client(DEV, "sagemaker")
    kind, _, name = arn.rpartition(":")[2].partition("/")
    component = sagemaker.create_trial_component(TrialComponentName=f"{name}{_SUFFIX[kind]}")["TrialComponentArn"]
    source = {"SourceArn": arn, "SourceType": _TYPE[kind]}
    world.aws.fill(component, Source=source, TrialComponentSource=source, Status={"PrimaryStatus": "Completed"})
    training = kind == "training-job"
    job = (
        sagemaker.describe_training_job(TrainingJobName=name)
        if training
        else sagemaker.describe_processing_job(ProcessingJobName=name)
    )
    read, written = _training(job) if training else _processing(job)
    for uri, what in read:
        artifact = _artifact(sagemaker, uri, what)
        sagemaker.add_association(SourceArn=artifact, DestinationArn=component, AssociationType="ContributedTo")
    for uri, what in written:
        artifact = _artifact(sagemaker, uri, what)
        sagemaker.add_association(SourceArn=component, DestinationArn=artifact, AssociationType="Produced")


def trace_package(world: World, arn: str, moment: str) -> None:
    """The entities of a package: its group's context, itself, and the model that it holds."""
    world.at(moment)
    sagemaker = world.client(DEV, "sagemaker")
    group = arn.rpartition("/")[0].replace(":model-package/", ":model-package-group/")
    found = sagemaker.list_contexts(SourceUri=group)["ContextSummaries"]
    context = (
        found[0]["ContextArn"]
        if found
        else sagemaker.create_context(
            ContextName=f"{group.rpartition('/')[2]}-aws-model-group",
            Source={"SourceUri": group, "SourceType": "ARN"},
            ContextType="ModelGroup",
        )["ContextArn"]
    )
    package = _artifact(sagemaker, arn, "Model")
    sagemaker.add_association(SourceArn=package, DestinationArn=context, AssociationType="AssociatedWith")
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    for container in described["InferenceSpecification"]["Containers"]:
        if uri := container.get("ModelDataUrl"):
            model = _artifact(sagemaker, uri, "Model")
            sagemaker.add_association(SourceArn=model, DestinationArn=package, AssociationType="ContributedTo")


Places = tuple[list[tuple[str, str]], list[tuple[str, str]]]
"""What was read and what was written: URI and artifact type."""


def _training(job: dict[str, Any]) -> Places:
    read = [
        (channel["DataSource"]["S3DataSource"]["S3Uri"], "DataSet")
        for channel in job.get("InputDataConfig", ())
        if "S3DataSource" in channel["DataSource"]
    ]
    if image := job.get("AlgorithmSpecification", {}).get("TrainingImage"):
        read.append((image, "Image"))
    written = [(job["ModelArtifacts"]["S3ModelArtifacts"], "Model")] if "ModelArtifacts" in job else []
    return read, written


def _processing(job: dict[str, Any]) -> Places:
    read = [(one["S3Input"]["S3Uri"], "DataSet") for one in job["ProcessingInputs"]]
    read.append((job["AppSpecification"]["ImageUri"], "Image"))
    written = [(one["S3Output"]["S3Uri"], "DataSet") for one in job["ProcessingOutputConfig"]["Outputs"]]
    return read, written


def _artifact(sagemaker: Any, uri: str, kind: str) -> str:
    """The one artifact of a URI."""
    found = sagemaker.list_artifacts(SourceUri=uri)["ArtifactSummaries"]
    if found:
        known: str = found[0]["ArtifactArn"]
        return known
    made: str = sagemaker.create_artifact(Source={"SourceUri": uri, "SourceTypes": []}, ArtifactType=kind)[
        "ArtifactArn"
    ]
    return made
