"""`studbook export huggingface`: a model version as a model card of the Hugging Face Hub: YAML, then Markdown.

Only what is a name at the Hub is written where the Hub looks for one: a base model whose record has its address there.
Our own ids stand below `studbook`. A licence in people's words is `other` with that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from studbook.errors import UsageError
from studbook.exports.interface import Export
from studbook.exports.markdown import code
from studbook.model import KINDS
from studbook.model.canonical import is_number
from studbook.queries.pedigree import Pedigree
from studbook.words import shown

_HUB: Final = re.compile(r"https://huggingface\.co/([\w.-]+/[\w.-]+)/?")
_MARKUP: Final = re.compile(r"<(?=[A-Za-z/!?])")


def write(pedigree: Pedigree) -> bytes:
    """The card, in UTF-8. Raises UsageError for what is no model version."""
    if pedigree.root.kind != "model_package":
        raise UsageError(
            f"{pedigree.root.id!r} is of the kind {pedigree.root.kind}, and a card is of a model version",
            "name a model_package",
        )
    front = yaml.safe_dump(_front(pedigree), allow_unicode=True, sort_keys=False, width=1000)
    body = "\n".join(_body(pedigree))
    return f"---\n{front}---\n\n{body}\n".encode()


def _name(pedigree: Pedigree) -> str:
    groups = {e.source for e in pedigree.edges if e.target == pedigree.root.id and e.relation == "has_version"}
    return next((asset.name for asset in pedigree.assets if asset.id in groups), pedigree.root.name)


def _front(pedigree: Pedigree) -> dict[str, Any]:
    root = pedigree.root
    facts = pedigree.card.facts if pedigree.card is not None else {}
    bases = [asset for asset in pedigree.assets if asset.kind.startswith("base_model") and asset.id in pedigree.made]
    at_hub = {match[1] for asset in bases if (match := _HUB.fullmatch(str(asset.attributes.get("url", ""))))}
    found: dict[str, Any] = {}
    if facts.get("license"):
        found |= {"license": "other", "license_name": shown(facts["license"])}
    if at_hub:
        found["base_model"] = sorted(at_hub)
    found["tags"] = ["studbook"]
    found["studbook"] = {
        "id": root.id,
        "approval": root.attributes.get("approval"),
        "base_models": [asset.id for asset in bases],
        "data": sorted(
            asset.id for asset in pedigree.assets if asset.kind == "dataset_version" and asset.id in pedigree.made
        ),
    }
    if results := list(_results(pedigree)):
        found["model-index"] = [{"name": shown(_name(pedigree)) or root.id, "results": results}]
    return found


def _results(pedigree: Pedigree) -> Iterator[dict[str, Any]]:
    names = {asset.id: asset.name for asset in pedigree.assets}
    for evaluation in pedigree.evaluations:
        if not pedigree.same.intersection(evaluation.models):
            continue
        metrics = [
            {"type": shown(str(name)), "name": shown(str(name)), "value": value}
            for name, value in sorted((evaluation.scores or {}).items())
            if is_number(value)
        ]
        data = ", ".join(shown(names.get(one, one)) for one in evaluation.data)
        if metrics:
            yield {
                "task": {"type": "other", "name": shown(evaluation.job.name)},
                "dataset": {
                    "type": ", ".join(evaluation.data) or "not recorded",
                    "name": data or "not recorded",
                },
                "metrics": metrics,
            }


def _body(pedigree: Pedigree) -> Iterator[str]:
    root, card = pedigree.root, pedigree.card
    version = root.attributes.get("version", "")
    yield f"# {code(f'{_name(pedigree)} {version}') or 'A model version'}"
    facts = {"approval": root.attributes.get("approval"), "status": root.status, "registered": root.created_at}
    if card is not None:
        facts |= {name: value for name, value in card.facts.items() if name != "model"}
    yield "\n| | |\n| --- | --- |"
    yield from (f"| {name} | {code(str(value))} |" for name, value in facts.items() if value)
    if card is not None:
        for heading, text in card.sections:
            yield f"\n## {_harmless(heading) or 'About'}\n\n{_harmless(text)}"
    yield "\n## What made it\n\n| kind | name | id |\n| --- | --- | --- |"
    for asset in pedigree.assets:
        if asset.id in pedigree.made and asset.id != root.id:
            yield f"| {KINDS[asset.kind].title} | {code(asset.name)} | {code(asset.id)} |"


def _harmless(text: str) -> str:
    """People's Markdown, in which no HTML is any."""
    return _MARKUP.sub("&lt;", shown(text))


EXPORT = Export("huggingface", "a model version as a Hugging Face model card", about=write)
