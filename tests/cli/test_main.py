"""The command line as a stranger meets it."""

import os
import subprocess
import sys

import click
import pytest

from studbook.cli import COMMANDS, main, root
from studbook.settings import load_settings


def _run(*arguments: str, **kwargs) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "studbook", *arguments], capture_output=True, text=True, check=False, **kwargs
    )


class TestMain:
    def test_help_imports_no_heavy_library(self):
        """`studbook` starts fast: what commands need is imported when they are called."""
        code = (
            "import sys\nfrom studbook.cli import main\n"
            "try: main(['--help'])\nexcept SystemExit: pass\n"
            "heavy = ('boto3', 'botocore', 'hashlib', 'jinja2', 'logging', 'mkdocs', 'pydantic', 'rich', 'requests')\n"
            "print([m for m in heavy if m in sys.modules])"
        )

        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

        assert done.stdout.splitlines()[-1] == "[]"

    def test_a_question_imports_nothing_that_harvests(self):
        """Who asks a catalog waits for no SDK and no source: they took a third of the start."""
        code = (
            "import sys\nimport studbook.cli.questions, studbook.queries.drift\n"
            "heavy = ('boto3', 'botocore', 'jinja2', 'mkdocs', 'mlflow', 'requests', 'studbook.sources')\n"
            "print([m for m in heavy if m in sys.modules])"
        )

        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

        assert done.stdout.splitlines()[-1] == "[]"

    def test_a_misspelt_command_is_exit_2_with_a_suggestion(self):
        """The way out is in the message."""
        done = _run("harvst")

        assert done.returncode == 2
        assert "Did you mean 'harvest'?" in done.stderr

    def test_without_a_command_its_help_is_shown(self):
        """The first thing that anybody types is no error."""
        done = _run()

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("Usage: ")
        assert "Exit codes: 0 done" in done.stderr
        assert {f"  {name}" for name in COMMANDS} <= {line[:12].rstrip() for line in done.stderr.splitlines()}

    def test_a_missing_configuration_is_exit_2_with_a_hint(self, tmp_path):
        """A newcomer is told about init."""
        done = _run("harvest", cwd=tmp_path)

        assert done.returncode == 2
        assert "hint: write one with 'studbook init'" in done.stderr
        assert "Traceback" not in done.stderr

    def test_what_the_system_refuses_is_exit_4_with_a_way_out(self, tmp_path):
        """A full disk or a folder that cannot be made is a failure; 1 would say that there are findings."""
        (tmp_path / "file").touch()

        done = _run("init", "--catalog", str(tmp_path / "file" / "catalog"))

        assert done.returncode == 4
        assert "Not a directory" in done.stderr
        assert "hint: " in done.stderr
        assert "Traceback" not in done.stderr

    @pytest.mark.parametrize("asked", ["", "1"])
    def test_a_bug_is_exit_4_and_a_sentence(self, monkeypatch, capsys, asked):
        """A crash is no finding either; whoever reports it asks where it was."""
        monkeypatch.setitem(COMMANDS, "log", "studbook.cli.show:there_is_none")
        monkeypatch.setenv("STUDBOOK_TRACEBACK", asked)

        with pytest.raises(SystemExit) as stop:
            main(["log"])

        said = capsys.readouterr().err
        assert stop.value.code == 4
        assert "error: a bug in Studbook: AttributeError: " in said
        assert "STUDBOOK_TRACEBACK=1" in said
        assert ("getattr(importlib.import_module(module), attribute)" in said) == bool(asked)

    def test_too_little_memory_is_exit_4_and_a_sentence(self, monkeypatch, capsys):
        """As a full disk is; it is nobody's bug."""
        monkeypatch.setattr(root, "main", lambda *_, **__: bytearray(2**62))

        with pytest.raises(SystemExit) as stop:
            main(["log"])

        assert stop.value.code == 4
        assert "error: there is not enough memory" in capsys.readouterr().err

    def test_a_reader_who_has_enough_is_no_finding(self):
        """`studbook export schema | head -1` ends quietly, and not with a code of the contract."""
        script = f"set -o pipefail; {sys.executable} -m studbook export schema | true"

        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)

        assert done.returncode == 141
        assert done.stderr == ""

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_has_help_with_examples(self, name, capsys):
        """--help ends in something to copy."""
        with pytest.raises(SystemExit) as stop:
            main([name, "--help"])

        assert stop.value.code == 0
        assert "studbook " + name in capsys.readouterr().out

    @pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"init", "demo", "serve", "help"}))
    def test_every_command_takes_a_catalog(self, name):
        """--catalog DIR, also STUDBOOK_CATALOG."""
        command = root.get_command(click.Context(root), name)
        commands = list(command.commands.values()) if isinstance(command, click.Group) else [command]

        for each in commands:
            option = next((p for p in each.params if p.name == "catalog"), None)
            assert option is not None
            assert option.envvar == "STUDBOOK_CATALOG"


class TestInit:
    @pytest.fixture
    def init(self, capsys):
        """Runs `studbook init` in this process: its exit code, and what it said on standard error."""

        def run(*arguments):
            with pytest.raises(SystemExit) as stop:
                main(["init", *map(str, arguments)])
            return stop.value.code, capsys.readouterr().err

        return run

    def test_writes_a_catalog_that_loads(self, tmp_path):
        """init leaves a folder that the other commands accept, as a process whose words are not all of ASCII."""
        done = _run("init", "--accounts", "111111111111=Ümläut", "--catalog", str(tmp_path / "c"))

        assert done.returncode == 0
        assert [account.name for account in load_settings(tmp_path / "c" / "studbook.yml").accounts] == ["Ümläut"]
        assert {path.name for path in (tmp_path / "c").iterdir()} == {
            ".gitignore",
            "README.md",
            "studbook.yml",
            "waivers.yml",
            "cards",
        }

    @pytest.mark.parametrize("name", ["on", "null", "123456789012", "1e5", "a: b", "-", "# no", "Ümläut"])
    def test_whatever_an_account_is_called(self, init, tmp_path, name):
        """A name is text, though YAML may take it for something else."""
        accounts = f"111111111111={name.replace(' ', '')},222222222222"
        code, _ = init("--accounts", accounts, "--regions", "eu-west-1", "--catalog", tmp_path)

        settings = load_settings(tmp_path / "studbook.yml")

        assert code == 0
        assert [(account.id, account.name) for account in settings.accounts] == [
            ("111111111111", name.replace(" ", "")),
            ("222222222222", "222222222222"),
        ]
        assert {account.role_arn for account in settings.accounts} == {
            "arn:aws:iam::111111111111:role/StudbookReader",
            "arn:aws:iam::222222222222:role/StudbookReader",
        }

    def test_a_whole_organisation(self, init, tmp_path):
        """Its accounts are found each night, through a role of one name."""
        words = ("--organization", "--role-name", "Auditor", "--regions", "us-east-1,us-west-2")
        code, _ = init(*words, "--catalog", tmp_path)

        organization = load_settings(tmp_path / "studbook.yml").organization

        assert code == 0
        assert organization is not None
        assert (organization.role_name, organization.regions) == ("Auditor", ("us-east-1", "us-west-2"))

    def test_what_is_guessed_is_said(self, tmp_path):
        """Without a region anywhere one is taken, and named as a guess."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
        done = _run("init", "--accounts", "111111111111", "--catalog", str(tmp_path / "c"), env=environment)

        assert "us-east-1 (guessed" in done.stderr

    @pytest.mark.parametrize("wrong", [("--accounts", "1234"), ("--accounts", "111111111111", "--regions", "mars!")])
    def test_what_is_wrong_leaves_nothing(self, init, tmp_path, wrong):
        """The file is there whole, or not at all: a second try with the mistake mended works."""
        code, _ = init(*wrong, "--catalog", tmp_path)

        assert code == 2
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
        assert init("--accounts", "111111111111", "--catalog", tmp_path)[0] == 0

    def test_never_overwrites(self, init, tmp_path):
        """A configuration is somebody's work."""
        (tmp_path / "studbook.yml").write_text("accounts: []\n")

        code, said = init("--catalog", tmp_path)

        assert code == 2
        assert "exists already" in said
        assert (tmp_path / "studbook.yml").read_text() == "accounts: []\n"
