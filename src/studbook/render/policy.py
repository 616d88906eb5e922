"""Content Security Policy: pages run the site's own scripts and nothing that stands in a page.

Each page has the policy in a `<meta>`, so that it holds on any host and from a folder; `serve` sends it as a header as
well, and a host should. The theme's inline scripts are moved to files of their own. One page keeps its script, the one
for an address that leads nowhere, since it must work below any address: the policy names it by its digest.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Final

from mkdocs.utils import get_relative_url

_INLINE: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_HEAD: Final = re.compile(r'<meta charset="utf-8">', re.IGNORECASE)
_FOLDER: Final = "assets/inline"


@cache
def policy(scripts: str = "") -> str:
    """The policy of a page whose own inline scripts are all that stand in `scripts`."""
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE.findall(scripts)
    ]
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *hashes)),
            "style-src 'self' 'unsafe-inline'",  # pictures and bars are sized by attributes
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
        )
    )


def headers(page: Path) -> dict[str, str]:
    """What a host should send with a file of a site; `page` tells what a page by itself runs."""
    alone = page.read_text(encoding="utf-8") if page.is_file() else ""
    return {
        "Content-Security-Policy": f"{policy(alone)}; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }


def with_policy(html: str, scripts: str = "") -> str:
    """A page with its policy, before anything that it loads."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(scripts)}">'
    return _HEAD.sub(lambda match: match[0] + meta, html, count=1)


class InlineScripts:
    """The inline scripts of a site's pages, each moved to a file that is named by its digest."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}

    def moved(self, html: str, url: str) -> str:
        """The page at this address (relative to the site's root) with its scripts beside it, and its policy."""

        def move(match: re.Match[str]) -> str:
            name = f"{_FOLDER}/{hashlib.sha256(match[1].encode()).hexdigest()[:16]}.js"
            self._files[name] = match[1]
            return f'<script src="{get_relative_url(name, url)}"></script>'

        return with_policy(_INLINE.sub(move, html))

    def write(self, site: Path) -> None:
        """Writes the scripts into a site's folder, each where the pages look for it."""
        for name, script in self._files.items():
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            (site / name).write_text(script, encoding="utf-8")
