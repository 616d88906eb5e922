from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from studbook.errors import SettingsError
from studbook.packaged import packaged
from studbook.rules import RULES, Waiver, load_waivers

KNOWN = [rule.id for rule in RULES]
GOOD = """\
# accepted for now
- rule: unevaluated
  asset: "arn:aws:sagemaker:us-east-1:222222222222:model-package/bot/1"
  why: "pilot with ten users"
  who: ana
  until: 2027-01-31
"""


def load(folder: Path, text: str) -> tuple[Waiver, ...]:
    (folder / "waivers.yml").write_text(text)
    return load_waivers(folder / "waivers.yml", KNOWN)


class TestLoadWaivers:
    def test_reads_what_is_written(self, tmp_path: Path) -> None:
        """A date may be quoted or not."""
        (found,) = load(tmp_path, GOOD)
        assert (found.rule, found.who, found.until, found.line) == ("unevaluated", "ana", datetime.date(2027, 1, 31), 2)
        assert load(tmp_path, GOOD.replace("2027-01-31", '"2027-01-31"')) == (found,)

    @pytest.mark.parametrize("text", ["", "[]\n", "# nothing\n", "null\n"])
    def test_no_waivers(self, tmp_path: Path, text: str) -> None:
        """An empty list, an empty file and no file at all say the same."""
        assert load(tmp_path, text) == load_waivers(tmp_path / "none.yml", KNOWN) == ()

    def test_the_file_that_init_writes(self) -> None:
        """A new catalog's waivers are read."""
        assert load_waivers(packaged("catalog") / "waivers.yml", KNOWN) == ()

    @pytest.mark.parametrize(
        ("text", "message", "hint"),
        [
            (GOOD.replace("who:", "whom:"), "waivers.yml:5: unknown key 'whom'", "did you mean 'who'?"),
            (GOOD.replace("  who: ana\n", ""), "waivers.yml:2: the waiver has no who", "a waiver is"),
            (
                GOOD.replace("unevaluated", "unevaluted"),
                "waivers.yml:2: there is no rule",
                "did you mean 'unevaluated'?",
            ),
            (GOOD.replace("2027-01-31", "soon"), "waivers.yml:6: until: 'soon' is no date", "2027-01-31"),
            (GOOD.replace("ana", "[ana, bo]"), "waivers.yml:5: who: is no text", "a waiver is"),
            (GOOD.replace("ana", '""'), "waivers.yml:5: who: is no text", "a waiver is"),
            ("- just text\n", "waivers.yml:1: is no waiver", "a waiver is"),
            ("rule: unevaluated\n", "waivers.yml:1: is no list", "a waiver is"),
            ("- {rule: [\n", "waivers.yml:2: is no YAML", "a waiver is"),
        ],
    )
    def test_what_is_no_waiver_is_named_with_its_line(self, tmp_path: Path, text: str, message: str, hint: str) -> None:
        """The error says which file, which line, and how to mend it; exit code 2."""
        with pytest.raises(SettingsError) as caught:
            load(tmp_path, text)
        assert message in caught.value.message
        assert hint in str(caught.value.hint)
        assert caught.value.exit_code == 2
