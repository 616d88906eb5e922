"""Retroactive redaction: what was kept under other rules, as it may be told today.

Snapshots are never rewritten; whoever tells what an older one says takes out of it first what a rule that came later
covers, or what a newer program knows to be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from studbook.generator import generator
from studbook.model import PSEUDONYM, REDACTED, Asset, Edge, Envelope, Evidence, WorkingFile
from studbook.redaction.redact import Redactor
from studbook.settings import Redact, Settings


def same_rules(envelope: Envelope, settings: Settings) -> bool:
    """Whether a snapshot's records were redacted by the rules of today: of this configuration and this program."""
    return (envelope.config, envelope.generator) == (settings.digest, generator())


def same_redaction(
    envelope: Envelope, people: Callable[[Envelope], Iterable[WorkingFile] | None], settings: Settings
) -> bool:
    """Whether nothing of a snapshot is another by the rules of today: its records were redacted by this program, and by
    these settings of redaction, whatever else was configured. `people` reads the files that it keeps, its settings
    among them; of a snapshot that has all of today's rules they are not read.
    """
    if same_rules(envelope, settings):
        return True
    if envelope.generator != generator():
        return False
    kept = next((file.content for file in people(envelope) or () if file.kind == "settings"), None)
    return isinstance(kept, dict) and kept.get("redact") == settings.resolved["redact"]


class TodaysRules:
    """Takes out of rows of an older night what must not be told of them today, next to those of a newer night.

    What the newer night says in the same words stays. Of a record the redactor sees each key, of an asset what the
    lineage made of it: only there a guess (by entropy, say) may find a secret where none is, and nothing that is as it
    was may look changed by that.
    """

    def __init__(self, rules: Redact) -> None:
        self._redactor = Redactor(rules)
        self.identifier = lru_cache(1 << 14)(self._redactor.identifier)

    def asset(self, old: Asset, newer: Asset | None) -> Asset:
        """An asset of the older night, with the id that it has in the newer one."""
        if newer is not None and old == newer:
            return newer
        asset_id = newer.id if newer is not None else self.identifier(old.id)
        clean = old.but(
            id=asset_id,
            name=old.name if newer is not None and newer.name == old.name else self.identifier(old.name),
            status=self._body({"status": old.status}, {"status": newer.status} if newer else {})["status"],
            attributes=self._body(old.attributes, newer.attributes if newer is not None else {}),
            tags=self._body(old.tags, newer.tags if newer is not None else {}),
            records=tuple(map(self.identifier, old.records)),
        )
        return old if clean == old else clean

    def edge(self, old: Edge, kept: Collection[str]) -> Edge:
        """An edge of the older night; ids in `kept` are those of the newer one, and stay."""
        source, target = (end if end in kept else self.identifier(end) for end in (old.source, old.target))
        evidence = tuple(sorted({Evidence(*map(self.identifier, one)) for one in old.evidence}))
        role = old.role and self.identifier(old.role)
        if (source, target, role, evidence) == (old.source, old.target, old.role, old.evidence):
            return old
        return replace(old, source=source, target=target, role=role, evidence=evidence)

    def _body(self, was: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._redacted_value(was, self._redactor.body(was), now)
        return found

    def _redacted_value(self, was: Any, clean: Any, now: Any) -> Any:
        """An older value: as it was where the newer is the same, else redacted."""
        if was == now:
            return was
        if isinstance(was, dict) and isinstance(clean, dict):
            newer = now if isinstance(now, dict) else {}
            return {
                key: self._redacted_value(value, item, newer.get(key))
                for value, (key, item) in zip(was.values(), clean.items(), strict=True)
            }
        if isinstance(was, list) and isinstance(clean, list) and len(was) == len(clean):
            newer_items = now if isinstance(now, list) and len(now) == len(was) else [None] * len(was)
            return [self._redacted_value(*three) for three in zip(was, clean, newer_items, strict=True)]
        if isinstance(now, str) and (REDACTED in now or PSEUDONYM.search(now)):
            # The lineage may have put it under another key than the record: by the newer value it is a secret.
            same = clean == was or (isinstance(was, str) and self.identifier(was) == now)
            return now if same else clean
        return clean
