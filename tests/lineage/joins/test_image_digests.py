"""One image by several ids."""

from tests.fact_records import JOB, Estate, asset, job

from studbook.model import Edge, Evidence

HOST = "111122223333.dkr.ecr.us-west-2.amazonaws.com"
DIGEST = f"sha256:{'1' * 64}"


def same(*images: str) -> set[tuple[str, str]]:
    uses = [
        Edge(source=one, target=JOB, relation="input_to", role="image", certainty="referenced", evidence=(USED,))
        for one in images
    ]
    linked = Estate().say(job(), *(asset("container_image", one) for one in images), edges=uses).linked()
    return {(edge.source, edge.target) for edge in linked.edges if edge.relation == "same_as"}


USED = Evidence.parse("t:T#image")


class TestDigests:
    def test_with_and_without_its_tag(self):
        """The digest says what was pulled, the tag only under which name."""
        tagged, bare = f"{HOST}/train:1@{DIGEST}", f"{HOST}/train@{DIGEST}"

        assert same(tagged, bare) == {(tagged, bare)}

    def test_every_host_of_a_registry(self):
        """FIPS and dual-stack hosts answer for the same registry."""
        fips = f"{HOST.replace('ecr', 'ecr-fips')}/t@{DIGEST}"
        dual = f"111122223333.dkr-ecr.us-west-2.on.aws/t@{DIGEST}"

        assert len(same(f"{HOST}/t@{DIGEST}", fips, dual)) == 2

    def test_a_tag_alone_a_name_and_a_place_are_other_things(self):
        """What a tag means may have moved; equal digests in two repositories are two images."""
        others = (f"{HOST}/train:1", f"{HOST}/serve@{DIGEST}", f"s3://b/x/@{DIGEST}")
        assert same(f"{HOST}/train@{DIGEST}", *others) == set()
