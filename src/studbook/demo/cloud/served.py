"""A server of the demo in a process of its own, which ends when its standard input does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

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

    def fault(self, code: str | None = None, **what: Any) -> None:
        """From now on (or `times` times) calls that match the globs meet this fault; `demo.faults` says which."""
        self._post("faults", {"code": code, **what})

    def heal(self) -> None:
        """Takes all faults away."""
        self._http.delete(f"{self.url}/_studbook/faults", timeout=60).raise_for_status()

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        answer = self._http.post(f"{self.url}/_studbook/{path}", json=body, timeout=60)
        if answer.status_code >= 400:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")

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
