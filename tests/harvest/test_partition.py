"""One partition, here and in another process."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing

import pytest
from benchmarks.estate import ACCOUNT, REGION, Sizes, build, settings

from studbook.aws.sessions import Sessions
from studbook.demo.aws import FakeAws
from studbook.harvest.partition import Order, charged, visit, visit_apart
from studbook.harvest.plan import Task
from studbook.harvest.shelf import Shelf
from studbook.model import Partition
from studbook.store.chunks import RECORDS

TASK = Task(Partition(ACCOUNT, REGION, "sagemaker"), (), swept=False)
SIZES = Sizes(jobs=20, models=3, endpoints=2, packages=5)


@pytest.fixture
def aws(monkeypatch):
    with FakeAws() as aws:
        build(aws, SIZES)
        for name, value in aws.environment().items():
            monkeypatch.setenv(name, value)
        yield aws


class TestApart:
    def test_is_the_same(self, aws, tmp_path):
        """A visit in another process, which is sent all it needs and sends all it found, is a visit like any other."""
        here, there = Shelf(tmp_path / "here"), Shelf(tmp_path / "there")
        with closing(here), closing(there):
            sessions = Sessions.of(settings())
            first = visit(TASK, settings(), here, number=1, sessions=sessions)
            there.stock(())
            spawned = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=spawned) as pool:
                order = Order(TASK, settings(), 1, there.packed())
                came = pool.submit(visit_apart, order).result()
            there.unpack(came.shelf)

            assert came.coverage == charged(first, sessions.tally(ACCOUNT, None, "sts").counts)
            assert came.coverage.records == SIZES.records
            assert list(there.records()) == list(here.records())

    def test_knows_the_night_before(self, aws, tmp_path):
        """What was known goes with the order: nothing is described again."""
        first = Shelf(tmp_path / "first")
        with closing(first):
            visit(TASK, settings(), first, number=1, sessions=Sessions.of(settings()))
            known = list(first.records())
        shelf = Shelf(tmp_path / "second")
        with closing(shelf):
            shelf.stock(map(RECORDS.line, known))
            came = visit_apart(Order(TASK, settings(), 2, shelf.packed()))
            shelf.unpack(came.shelf)

            assert list(shelf.records()) == known
            assert "sagemaker:DescribeTrainingJob" not in came.coverage.calls
