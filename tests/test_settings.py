"""catalog/studbook.yml as values, and its errors."""

from pathlib import Path

import botocore.session
import pytest

from studbook.errors import SettingsError
from studbook.packaged import packaged
from studbook.settings import Settings, load_settings


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "studbook.yml"
    path.write_text(text)
    return path


class TestLoadSettings:
    def test_reads_the_example_that_is_shipped(self):
        """The example configuration is a valid one."""
        settings = load_settings(packaged("catalog") / "studbook.yml")

        assert [account.stage for account in settings.accounts] == ["development", "production"]

    def test_an_empty_file_is_all_defaults(self, tmp_path):
        """Nothing said is nothing configured, not an error."""
        assert load_settings(_write(tmp_path, "")) == Settings()

    @pytest.mark.parametrize(
        ("text", "line", "part"),
        [
            (
                "accounts:\n  - {id: '111111111111', regions: [us-east-1]}\n  - {id: '222222222222', reions: [x]}\n",
                3,
                "reions",
            ),
            ("acounts: []\n", 1, "unknown key 'acounts'"),
            ("accounts:\n  - id: 12\n    regions: [us-east-1]\n", 2, "accounts.0.id"),
            (
                "accounts:\n  - id: '111111111111'\n    regions: [us-east-1]\n    role_arn: StudbookReader\n",
                4,
                "is no role ARN",
            ),
            (
                "accounts:\n  - id: '111111111111'\n    regions: [us-east-1]\n"
                "    role_arn: arn:aws:iam::222222222222:role/R\n",
                2,
                "belongs to account 222222222222",
            ),
            (
                "accounts:\n  - {id: '111111111111', regions: [us-east-1]}\n"
                "  - {id: '111111111111', regions: [eu-west-1]}\n",
                3,
                "account 111111111111 is listed twice",
            ),
            ("datasets:\n  - {uri: 'bucket/prefix'}\n", 2, "is no S3 URI"),
            ("datasets:\n  - {uri: 's3://b/p/'}\n  - {uri: 's3://b/p'}\n", 3, "dataset s3://b/p/ is listed twice"),
            ("evaluators:\n  - {}\n", 2, "needs either function"),
            ("redact: {values: ['(']}\n", 1, "is no regular expression"),
            ("accounts: [\n", 2, "is no YAML"),
            ("accounts: []\nsite: {}\naccounts: []\n", 3, "the key 'accounts' is here twice"),
            ("datasets:\n  - {uri: 's3://b/p/',\n     uri: 's3://b/q/'}\n", 3, "the key 'uri' is here twice"),
            ("- a\n", 1, "is no mapping"),
            ("sources:\n  sagmaker: {rate: 5}\n", 2, "sagmaker"),
            (
                "sources:\n  cloudtrail:\n    limits:\n      rotations: 7\n",
                4,
                "unknown key 'sources.cloudtrail.limits.rotations'",
            ),
            ("sources:\n  lambda: {limits: {days: 7}}\n", 2, "unknown key 'sources.lambda.limits.days'"),
            ("sources:\n  s3:\n    leave_out: [lineage_api]\n", 3, "unknown key 'sources.s3.leave_out.lineage_api'"),
            ("sources:\n  sagemaker: {leave_out: [lineage]}\n", 2, "unknown key 'sources.sagemaker.leave_out.lineage'"),
            (
                "accounts:\n  - {id: '111111111111', regions: [us-east-1]}\n"
                "  - {id: '222222222222', regions: [us-gov-west-1]}\n",
                3,
                "accounts.1.regions.0 is in the AWS partition aws-us-gov",
            ),
            (
                "accounts:\n  - id: '111111111111'\n    regions: [cn-north-1]\n"
                "    role_arn: arn:aws:iam::111111111111:role/R\n",
                4,
                "accounts.0.role_arn is in the AWS partition aws",
            ),
        ],
    )
    def test_an_error_names_file_line_and_fault(self, tmp_path, text, line, part):
        """Whoever mends the file is told where to look."""
        path = _write(tmp_path, text)

        with pytest.raises(SettingsError) as caught:
            load_settings(path)

        assert caught.value.message.startswith(f"{path}:{line}: ")
        assert part in caught.value.message
        assert caught.value.hint

    def test_suggests_the_key_that_was_meant(self, tmp_path):
        """A misspelt key comes with the right one."""
        with pytest.raises(SettingsError) as caught:
            load_settings(_write(tmp_path, "accounts:\n  - {id: '111111111111', regions: [us-east-1], stagee: x}\n"))

        assert caught.value.hint == "did you mean 'stage'?"

    def test_a_missing_file_says_how_to_make_one(self, tmp_path):
        """No configuration is the first thing that a newcomer meets."""
        with pytest.raises(SettingsError) as caught:
            load_settings(tmp_path / "studbook.yml")

        assert "studbook init" in (caught.value.hint or "")


class TestSettings:
    def test_the_digest_depends_on_meaning_alone(self, tmp_path):
        """Comments and order of keys do not change the configuration's digest."""
        one = load_settings(_write(tmp_path, "# a\naccounts: [{id: '111111111111', regions: [us-east-1]}]\n"))
        two = load_settings(_write(tmp_path, "accounts:\n- regions: [us-east-1]\n  id: '111111111111'\n"))

        assert one.digest == two.digest

    @pytest.mark.parametrize("odd", [".inf", ".nan", "Infinity", "1" + "0" * 30, "-1" + "0" * 400])
    def test_a_number_that_nothing_can_keep(self, tmp_path, odd):
        """It is told with its line, before a night has begun."""
        text = f"accounts: []\nsources:\n  sagemaker:\n    limits:\n      deep: {odd}\n"
        rate = f"accounts: []\nsources:\n  sagemaker:\n    rate: {odd}\n"

        for said, line in ((text, 5), (rate, 4)):
            with pytest.raises(SettingsError, match=rf":{line}: "):
                load_settings(_write(tmp_path, said))

    def test_a_source_has_defaults(self):
        """A source that the file does not name is on."""
        assert Settings().source("s3").enabled


class TestRegions:
    def test_every_region_that_the_aws_sdk_knows_may_be_named(self, tmp_path):
        """In each AWS partition; each of them alone, for a catalog is of one."""
        known = botocore.session.get_session().get_component("data_loader").load_data("partitions")["partitions"]
        for partition in known:
            regions = [name for name in partition["regions"] if not name.endswith("-global")]
            text = f"accounts:\n  - {{id: '111111111111', regions: [{', '.join(regions)}]}}\n"
            assert load_settings(_write(tmp_path, text)).accounts[0].regions == tuple(regions)
        assert len(known) > 5
