"""A server of the demo in a process of its own, which ends when its standard input does."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from typing import Self

import requests


class Served:
    """`python -m <module> <argument>`, as a context manager; the module prints its address when it is ready."""

    def __init__(self, module: str, argument: str) -> None:
        self._module = module
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", module, argument],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._url: str | None = None
        self._http = requests.Session()

    @property
    def url(self) -> str:
        """Its address: http://127.0.0.1:<port>. Waits for the start."""
        if self._url is None:
            assert self._process.stdout is not None
            self._url = self._process.stdout.readline().strip()
            if not self._url:
                raise RuntimeError(f"the demo's server did not start; see: python -m {self._module}")
        return self._url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the server; twice is once."""
        self._http.close()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        self._process.wait(timeout=20)
