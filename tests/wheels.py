"""The wheels as users get them, in environments of their own, with nothing of ours around them."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[1]
DEMO = TOP / "src" / "studbook" / "demo"
Done = subprocess.CompletedProcess[str]


def done(*words: str | Path, cwd: Path) -> None:
    subprocess.run(words, cwd=cwd, capture_output=True, check=True, timeout=600)


def built(project: Path, folder: Path) -> Path:
    """A project's wheel, made of its source distribution, so that nothing is in it that only a checkout has."""
    build = (sys.executable, "-m", "hatchling", "build")
    done(*build, "-t", "sdist", "-d", folder, cwd=project)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as file:
        file.extractall(folder, filter="data")
    done(*build, "-t", "wheel", "-d", folder, cwd=folder / sdist.name.removesuffix(".tar.gz"))
    (made,) = folder.glob("*.whl")
    return made


@dataclass(frozen=True, slots=True)
class Installed:
    """Some wheels in a virtual environment; what they need is taken from ours, for it is large."""

    home: Path
    """The user's home, with nothing in it but `venv`."""

    @classmethod
    def make(cls, home: Path, *wheels: Path, python: str | Path = sys.executable) -> Installed:
        """By pip, which refuses a Python for which the wheel is not."""
        done(python, "-m", "venv", "--without-pip", home / "venv", cwd=home)
        program = home / "venv" / "bin" / "python"
        pip = (
            sys.executable,
            "-m",
            "pip",
            "--python",
            program,
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--no-compile",
        )
        done(*pip, *wheels, cwd=home)
        (site,) = (home / "venv" / "lib").glob("*/site-packages")
        (site / "needed.pth").write_text(sysconfig.get_path("purelib"))
        return cls(home)

    def start(self, *words: str | Path, cwd: Path, **env: str) -> subprocess.Popen[str]:
        """A program of the environment, in a folder."""
        path = os.pathsep.join([str(self.home / "venv" / "bin"), "/usr/local/bin", "/usr/bin", "/bin"])
        around = {"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true"}
        given: dict[str, Any] = {"cwd": cwd, "env": around | {"COLUMNS": "100"} | env, "text": True}
        program = self.home / "venv" / "bin" / words[0]
        return subprocess.Popen((program, *words[1:]), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **given)

    def run(self, *words: str | Path, cwd: Path, **env: str) -> Done:
        """The same until its end."""
        with self.start(*words, cwd=cwd, **env) as process:
            out, error = process.communicate(timeout=600)
        return subprocess.CompletedProcess(words, process.returncode, out, error)
