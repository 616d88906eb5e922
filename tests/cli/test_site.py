"""`studbook build`, as a shell sees it."""

from __future__ import annotations

import pytest

from studbook.cli import main


class TestBuild:
    def test_a_relative_output_lies_where_the_shell_stands(self, demo_catalog, tmp_path, monkeypatch):
        """Wherever the program and its configuration are installed."""
        monkeypatch.chdir(tmp_path)

        with pytest.raises(SystemExit) as stopped:
            main(["build", "--catalog", str(demo_catalog), "--output", "out"])

        assert stopped.value.code == 0
        assert (tmp_path / "out" / "latest" / "index.html").exists()
