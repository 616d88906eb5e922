"""`studbook nightly`, as CI sees it."""

from __future__ import annotations

import pytest

from studbook.cli import main
from studbook.cli.demo import surroundings
from studbook.demo.estate.story import SETTINGS


@pytest.fixture
def aws(told, monkeypatch):
    for name, value in surroundings(told.aws, told.mlflow).items():
        monkeypatch.setenv(name, value)
    told.aws.heal()
    yield told.aws
    told.aws.heal()


@pytest.fixture
def nightly(aws, tmp_path):
    (tmp_path / "studbook.yml").write_text(SETTINGS)

    def run(*words):
        with pytest.raises(SystemExit) as stopped:
            main(["nightly", "--catalog", str(tmp_path), "--output", str(tmp_path / "site"), *words])
        return stopped.value.code

    return run


class TestNightly:
    def test_findings_are_exit_1_and_the_site_is_there_all_the_same(self, nightly, tmp_path):
        """A deployment without approval does not keep the catalog from its readers."""
        assert nightly() == 1
        assert (tmp_path / "site" / "latest" / "index.html").exists()

    def test_a_part_that_failed_is_exit_3_and_the_site_is_there_all_the_same(self, aws, nightly, tmp_path):
        """One broken account does not spoil the night."""
        aws.fault("AccessDeniedException", account="333333333333", service="sagemaker")

        assert nightly() == 3
        assert (tmp_path / "site" / "latest" / "index.html").exists()

    def test_a_mistake_in_the_rules_is_told_before_anything_is_asked(self, aws, nightly, tmp_path):
        """Nobody waits for a harvest to hear of a typing error."""
        (tmp_path / "studbook.yml").write_text(f"{SETTINGS}rules: {{unevaluted: {{enabled: false}}}}\n")
        aws.forget_calls()

        assert nightly() == 2
        assert not aws.calls()
