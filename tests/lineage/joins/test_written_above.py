"""What one job wrote and another reads below it."""

from dataclasses import replace

from tests.fact_records import ACCOUNT, JOB, REGION, Estate, asset, job

from studbook.lineage.joins.written_above import _MOST
from studbook.model import Edge
from studbook.model.facts import Output, OutputFolder, QueryResults, Reads, Writes

OTHER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/judge"
FILE = "s3://out/run/j/output/answers.jsonl"
EARLY, LATE = "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"


def folder(writer: str = JOB, uri: str = "s3://out/run/j/", began: str = EARLY) -> OutputFolder:
    return OutputFolder(writer=writer, uri=uri, began=began, evidence=("t:T#folder",))


def reads(uri: str = FILE, reader: str = OTHER) -> Reads:
    return Reads(reader=reader, uri=uri, role="answers", at=LATE, evidence="t:T#read")


def produced(*claims) -> dict:
    linked = Estate().say(job(), asset("evaluation_job", OTHER, "judge"), claims=claims).linked()
    return {(e.source, e.target): (e.certainty, e.candidate) for e in linked.edges if e.relation == "produced"}


class TestWrittenAbove:
    def test_a_file_below_a_jobs_own_folder(self):
        """The job that wrote it is upstream of the one that reads it."""
        assert produced(folder(), reads()) == {(JOB, FILE): ("inferred", False)}

    def test_a_place_that_a_job_writes_data_to(self):
        """A part of it is read: the part came of the job, too."""
        writes = Writes(writer=JOB, uri="s3://prepared/today", role="sets", began=EARLY, ended=LATE, evidence="t:T#w")

        assert (JOB, "s3://prepared/today/train/") in produced(writes, reads("s3://prepared/today/train/"))

    def test_of_nested_places_the_innermost(self):
        """A job that writes to a folder further out need not have written this."""
        third = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/third"

        assert produced(folder(), folder(third, "s3://out/run/"), reads()) == {(JOB, FILE): ("inferred", False)}

    def test_two_that_write_to_one_place_are_candidates(self):
        """None is picked; what began after the reading did not write it."""
        third, late = (f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{name}" for name in ("third", "late"))
        found = produced(folder(), folder(third), folder(late, began="2026-11-03T00:00:00Z"), reads())

        assert found == {(JOB, FILE): ("inferred", True), (third, FILE): ("inferred", True)}

    def test_what_a_query_found_is_its_own(self):
        """Nobody else made what a job's own query wrote, below, around or at the very place that others write to."""
        for uri in ("s3://out/run/j/q/", "s3://out/run/", "s3://out/run/j/"):
            found = QueryResults(reader=OTHER, uri=uri, at=LATE, ever=True, evidence="t:T#q", through=("rule:q",))
            writes = Writes(writer=JOB, uri="s3://out/run/j/", role="sets", began=EARLY, ended=LATE, evidence="t:T#w")
            assert set(produced(found, writes, folder())) <= {(JOB, "s3://out/run/j/")}
            linked = Estate().say(job(), asset("processing_job", OTHER), claims=[found, writes, folder()]).linked()
            read = [(e.source, e.certainty) for e in linked.edges if e.target == OTHER]
            assert read == [(uri, "inferred")]

    def test_letters_are_no_folder(self):
        """And a job does not make what it reads."""
        assert produced(folder(uri="s3://out/ru/"), reads()) == {}
        assert produced(folder(OTHER), reads()) == {}


class TestOwnFolder:
    """Who reads the whole folder of a job, or one around it, reads what that job wrote, whose record names no file."""

    def read(self, uri: str, *folders: OutputFolder, status: str = "Completed") -> dict:
        """The edges but for those from what is read by its name: whether they are candidates."""
        jobs = [asset("evaluation_job", one.writer, status=status, created_at=one.began) for one in folders]
        estate = Estate().say(*jobs, asset("evaluation_job", OTHER, "judge"), claims=[*folders, reads(uri)])
        return {(e.source, e.target): e.candidate for e in estate.linked().edges if e.source != uri}

    def test_the_folder_itself(self):
        """With and without its final slash."""
        for uri in ("s3://out/run/j/", "s3://out/run/j"):
            assert self.read(uri, folder()) == {(JOB, uri): False}

    def test_a_folder_around_it(self):
        """Each job's is an input."""
        other = folder(f"{JOB}2", "s3://out/run/j2/")
        found = self.read("s3://out/run/", folder(), other)
        ends = ((JOB, "s3://out/run/j/"), (f"{JOB}2", "s3://out/run/j2/"))
        assert found == {edge: False for one in ends for edge in (one, (one[1], OTHER))}

    def test_letters_that_begin_two_names(self):
        """Both are candidates."""
        found = self.read("s3://out/run/j", folder(), folder(f"{JOB}2", "s3://out/run/j2/"))
        assert found[JOB, "s3://out/run/j"]
        assert found["s3://out/run/j2/", OTHER]

    def test_who_failed_may_have_written_nothing(self):
        """It is a candidate alone."""
        assert self.read("s3://out/run/j/", folder(), status="Failed") == {(JOB, "s3://out/run/j/"): True}

    def test_who_began_later_wrote_nothing_that_was_read(self):
        """Nor did another folder's job."""
        late = folder(began="2026-11-03T00:00:00Z")
        assert self.read("s3://out/run/j/", late, folder(f"{JOB}2", "s3://out/run/j2/")) == {}

    def test_a_job_that_names_what_it_wrote_there(self):
        """What it names is told, and no folder beside it."""
        model = "s3://out/run/j/output/model.tar.gz"
        said = Edge(
            source=JOB, target=model, relation="produced", role="model", certainty="referenced", evidence=("t:T#m",)
        )
        linked = (
            Estate()
            .say(job(), asset("evaluation_job", OTHER), edges=[said])
            .say(claims=[folder(), Output(job=JOB, uri=model, evidence="t:T#m"), reads("s3://out/run/")])
            .linked()
        )
        assert {(e.source, e.target) for e in linked.edges if e.source != "s3://out/run/"} == {
            (JOB, model),
            (model, OTHER),
        }


class TestLaterWriters:
    """A place is no state: who wrote there names it, whenever somebody read it."""

    def test_who_wrote_after_a_reading_wrote_there_for_certain(self):
        """What its own record says is no inference, and no candidate among others."""
        first, reader = job(created_at=EARLY), asset("training_job", OTHER, "judge", created_at=LATE)
        later = asset("processing_job", f"{JOB}-later", created_at="2026-11-03T00:00:00Z")
        claims = [
            Writes(writer=one.id, uri="s3://prepared/today/", role="sets", began=None, ended=None, evidence="t:T#w")
            for one in (first, later)
        ]
        linked = Estate().say(first, reader, later, claims=[*claims, reads("s3://prepared/today/")]).linked()
        made = {e.source: (e.certainty, e.candidate) for e in linked.edges if e.relation == "produced"}
        assert made == {JOB: ("referenced", False), later.id: ("referenced", False)}


class TestReadAround:
    """Who reads a folder reads what was written inside of it."""

    SPLIT = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:processing-job/split"

    def read(self, uri: str, *places: str, began: str = EARLY, claim: Reads | None = None) -> dict:
        """What the inputs of a job that reads `uri` are, beside it: certainty and whether they are candidates."""
        writes = [
            Writes(writer=self.SPLIT, uri=one, role=f"part-{n}", began=began, ended=None, evidence="t:T#w")
            for n, one in enumerate(places)
        ]
        split = asset("processing_job", self.SPLIT, "split", created_at=began)
        read = claim or reads(uri)
        found = Estate().say(split, asset("training_job", OTHER, "judge"), claims=[*writes, read]).linked()
        edges = (e for e in found.edges if e.relation == "input_to" and e.source != uri)
        rules = [(e, [one.rule for one in e.evidence if one.rule]) for e in edges]
        return {e.source: (e.role, e.certainty, e.candidate, of_edge) for e, of_edge in rules}

    def test_each_place_inside_is_an_input(self):
        """In the role of the folder, inferred: no record names the two together."""
        wanted = ("answers", "inferred", False, ["s3-prefix"])
        found = self.read("s3://b/split/", "s3://b/split/train", "s3://b/split/test/", "s3://b/splits/x", "s3://b/rest")
        assert found == {"s3://b/split/train": wanted, "s3://b/split/test/": wanted}

    def test_without_a_slash_every_place_that_begins_so(self):
        """Folders of several names that fit are candidates, as datasets are."""
        one = self.read("s3://b/split", "s3://b/split/train")
        assert one == {"s3://b/split/train": ("answers", "inferred", False, ["s3-prefix"])}
        several = self.read("s3://b/split", "s3://b/split/train", "s3://b/split-old/train")
        assert {place: row[2:] for place, row in several.items()} == {
            "s3://b/split/train": (True, ["s3-prefix"]),
            "s3://b/split-old/train": (True, ["prefix-without-slash"]),
        }

    def test_a_path_is_the_beginning_of_no_other_name(self):
        """What MLflow names is a file or a folder."""
        path = Reads(reader=OTHER, uri="s3://b/split", role="answers", data_type="Path", at=LATE, evidence="t:T#read")
        found = self.read("s3://b/split", "s3://b/split/train", "s3://b/split-old/train", claim=path)
        assert found == {"s3://b/split/train": ("answers", "inferred", False, ["s3-prefix"])}

    def test_a_bucket_is_no_beginning_of_anothers_name(self):
        """Who reads all of a bucket reads nothing of one that is called almost so."""
        assert self.read("s3://b", "s3://b/train", "s3://b2/train").keys() == {"s3://b/train"}

    def test_who_read_before_it_was_written_did_not_read_it(self):
        """The folder is no output either: that would tie all who ever read it to the later job."""
        assert self.read("s3://b/split/", "s3://b/split/train", began="2026-11-03T00:00:00Z") == {}

    def test_one_object_and_a_manifest_are_no_folders(self):
        """Nor does a job read what it writes itself."""
        for kind in ("Object", "ManifestFile"):
            claim = Reads(reader=OTHER, uri="s3://b/s/", role="answers", data_type=kind, at=LATE, evidence="t:T#read")
            assert self.read("s3://b/s/", "s3://b/s/train", claim=claim) == {}
        own = Reads(reader=self.SPLIT, uri="s3://b/s/", role="answers", at=LATE, evidence="t:T#read")
        assert self.read("s3://b/s/", "s3://b/s/train", claim=own) == {}

    def test_what_lies_in_a_crowded_folder_is_made_by_candidates(self):
        """Each night one more place and one more reader are no square of edges: the folder is what its writers may have
        made, but for who began after the last reading and who reads it, too."""
        nights = range(_MOST + 1)
        claims = [
            Writes(
                writer=f"{self.SPLIT}-{n}", uri=f"s3://b/s/{n}/", role=None, began=EARLY, ended=None, evidence="t:T#w"
            )
            for n in nights
        ]
        jobs = [asset("processing_job", f"{self.SPLIT}-{n}", f"s-{n}", created_at=EARLY) for n in nights]
        jobs[0] = replace(jobs[0], created_at="2026-11-03T00:00:00Z")
        read = [reads("s3://b/s/"), replace(reads("s3://b/s/"), reader=jobs[1].id)]
        linked = Estate().say(*jobs, asset("training_job", OTHER, "judge"), claims=[*claims, *read]).linked()
        made = {e.source for e in linked.edges if e.relation == "produced" and e.target == "s3://b/s/"}
        assert made == {job.id for job in jobs[2:]}
        assert all(e.candidate and e.certainty == "inferred" for e in linked.edges if e.target == "s3://b/s/")
        assert not [e for e in linked.edges if e.relation == "input_to" and e.source != "s3://b/s/"]
