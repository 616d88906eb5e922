"""`index.json` beside each page: its asset, and the answers to the questions that are asked of it.

It names no snapshot, so that a night on which nothing of it changed has the same file: which one it tells of is in
`snapshot.json` at the site's root, and `llms.txt` says so. Of `trace` and `impact` it has the rows; the assets and the
edges between them have files of their own, and stand in `export.json`.
"""

from __future__ import annotations

import json
from typing import Any, Final

from studbook.model import Asset
from studbook.model.canonical import fields_of
from studbook.model.kinds import DATA_KINDS
from studbook.queries import QUESTIONS
from studbook.render.views import Site
from studbook.render.views.explore import upstream
from studbook.render.views.incident import MOST_ROWS, windows

NAME: Final = "index.json"
SNAPSHOT: Final = "snapshot.json"

_LLMS: Final = """# {title}

> Lineage of machine learning models on AWS: what made each model, what judged it, where it runs, and how we know.

Every page of an asset has `index.json` beside it: `{{"asset": {{...}}, "answers": {{"trace": {{...}}, ...}}}}`, and
`upstream`: every edge that ends at the asset, with the fields that say so.
The questions: {questions}. Each answer has `summary` (one sentence), `total` (all rows, however many are shown),
`rows` (at most {rows}) and `unknown` (what could add a row and cannot be seen). An empty answer with nothing unknown is
a proof of absence.

- [{snapshot}]({snapshot}): which snapshot all of it tells of: number, time and digests.
- [export.json](export.json): every asset, edge and finding in one document; [its schema](export.schema.json).
- [search/index.js](search/index.js): the index of names, ids and tags, in small files.
- With `studbook mcp ADDRESS` the same are tools for agents.

The address of an asset's page is `<kind with dashes>/<end of its id>-<first 12 hex of the SHA-256 of its id>/`.
"""


def of_asset(site: Site, asset: Asset) -> bytes:
    """The asset with all that is known of it, its answers, the edges that end at it, and an incident's windows."""
    told = fields_of(asset) | {"attributes": dict(asset.attributes)}
    answers = {
        name: site.answer(name, asset.id).told(MOST_ROWS)
        for name, question in QUESTIONS.items()
        if question.is_asked_of(asset.kind) and (name != "incident" or asset.kind in DATA_KINDS)
    }
    known = windows(site, asset) if asset.kind in DATA_KINDS else None
    more = {"windows": known} if known is not None else {}
    return _packed({"asset": told, "answers": answers, "upstream": upstream(site, asset), **more})


def of_site(site: Site) -> dict[str, bytes]:
    """The files at the root, by name."""
    text = _LLMS.format(
        title=site.settings.site.title,
        questions=", ".join(f"`{name}`" for name in QUESTIONS),
        rows=f"{MOST_ROWS:,}",
        snapshot=SNAPSHOT,
    )
    return {"llms.txt": text.encode("utf-8", "replace"), SNAPSHOT: _packed(site.envelope.summary)}


def _packed(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8", "replace")
