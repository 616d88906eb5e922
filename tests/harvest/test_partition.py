"""One partition, here and in another process."""

from __future__ import annotations

import gc
import multiprocessing
import weakref
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing

import pytest
from benchmarks.estate import ACCOUNT, REGION, Sizes, build, settings

from studbook.aws.sessions import Sessions
from studbook.harvest.calls import VisitContext
from studbook.harvest.partition import VisitOrder, visit, visit_remotely, with_calls
from studbook.harvest.partition_store import PartitionStore
from studbook.harvest.plan import Task
from studbook.model import Partition
from studbook.store.chunks import RECORDS

TASK = Task(Partition(ACCOUNT, REGION, "sagemaker"), (), swept=False)
SIZES = Sizes(jobs=20, models=3, endpoints=2, packages=5)


@pytest.fixture
def aws(empty_aws):
    build(empty_aws, SIZES)
    return empty_aws


class TestHere:
    def test_lets_go_of_its_client(self, aws, tmp_path):
        """After a visit nothing holds its client: those of thousands of partitions would take gigabytes."""
        sessions = Sessions.of(settings())
        client = weakref.ref(sessions.client(*TASK.partition))
        with closing(PartitionStore(tmp_path / "store")) as store:
            row = visit(TASK, settings(), store, VisitContext(sessions), number=1)

        gc.collect()
        assert row.records == SIZES.records
        assert client() is None


class TestApart:
    def test_is_the_same(self, aws, tmp_path):
        """A visit in another process, which is sent all it needs and sends all it found, is a visit like any other."""
        here, there = PartitionStore(tmp_path / "here"), PartitionStore(tmp_path / "there")
        with closing(here), closing(there):
            sessions = Sessions.of(settings())
            first = visit(TASK, settings(), here, VisitContext(sessions), number=1)
            there.load_previous(())
            spawned = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=spawned) as pool:
                order = VisitOrder(TASK, settings(), 1, there.packed())
                came = pool.submit(visit_remotely, order).result()
            there.unpack(came.store)

            assert came.coverage == with_calls(first, sessions.tally(ACCOUNT, None, "sts").counts)
            assert came.coverage.records == SIZES.records
            assert list(there.records()) == list(here.records())

    def test_knows_the_night_before(self, aws, tmp_path):
        """What was known goes with the order: nothing is described again."""
        first = PartitionStore(tmp_path / "first")
        with closing(first):
            visit(TASK, settings(), first, VisitContext(Sessions.of(settings())), number=1)
            known = list(first.records())
        store = PartitionStore(tmp_path / "second")
        with closing(store):
            store.load_previous(map(RECORDS.line, known))
            came = visit_remotely(VisitOrder(TASK, settings(), 2, store.packed()))
            store.unpack(came.store)

            assert list(store.records()) == known
            assert "sagemaker:DescribeTrainingJob" not in came.coverage.calls
