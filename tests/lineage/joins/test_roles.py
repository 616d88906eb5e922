"""Edges whose role one record tells and another does not."""

from tests.fact_records import ACCOUNT, JOB, REGION, Estate, asset, inputs, job, lines

from studbook.model import Edge
from studbook.model.facts import Output, Roleless, Weights

RUN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/p/execution/e1"
LINE = "sagemaker:ListTags#Tags[0].Value"
TAG = Roleless(source=JOB, target=RUN, relation="part_of", evidence=(LINE,))
STEPS = "sagemaker:ListPipelineExecutionSteps#PipelineExecutionSteps[0].Metadata.TrainingJob.Arn"


def edge(source, target, relation, role=None, evidence=STEPS):
    return Edge(
        source=source, target=target, relation=relation, role=role, certainty="referenced", evidence=(evidence,)
    )


def found(linked, source=JOB, target=RUN):
    return {(e.relation, e.role): lines(e) for e in linked.edges if (e.source, e.target) == (source, target)}


class TestRoles:
    def test_a_tag_and_a_step_are_one_edge(self):
        """The step tells the role, both are its evidence."""
        estate = Estate().say(job(), claims=[TAG]).say(edges=[edge(JOB, RUN, "part_of", "Train")])

        assert found(estate.linked()) == {("part_of", "Train"): (STEPS, LINE)}
        assert found(estate.reversed()) == found(estate.linked())

    def test_a_tag_alone(self):
        """A job of an execution that nobody could read, or of an attempt that was retried, is a part all the same."""
        assert found(Estate().say(job(), claims=[TAG]).linked()) == {("part_of", None): (LINE,)}

    def test_one_job_in_two_steps(self):
        """Both edges have the tag as evidence."""
        edges = [edge(JOB, RUN, "part_of", "Train"), edge(JOB, RUN, "part_of", "Again")]
        linked = Estate().say(job(), claims=[TAG]).say(edges=edges).linked()

        assert {key: LINE in lines for key, lines in found(linked).items()} == {
            ("part_of", "Train"): True,
            ("part_of", "Again"): True,
        }


class TestRegistered:
    def test_the_job_behind_a_registering_step_is_still_found(self):
        """That an execution registered a package does not tell which job made it; the weights do."""
        package = asset("model_package", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/bot/1")
        place = "s3://out/model.tar.gz"
        linked = (
            Estate()
            .say(job(), claims=[Output(job=JOB, uri=place, evidence="t:T#o")])
            .say(package, claims=[Weights(asset=package.id, uri=place, evidence="t:T#w")])
            .say(edges=[edge(RUN, package.id, "produced")])
            .linked()
        )

        assert inputs(linked, package.id, "produced") == {
            JOB: ("inferred", False, {"rule:same-artifact"}),
            RUN: ("referenced", False, set()),
        }
