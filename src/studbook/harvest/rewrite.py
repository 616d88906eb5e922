"""A catalog written anew without what today's rules redact: for a secret that is in nights long past.

Snapshots are never rewritten, so this is another catalog: each night's records redacted again, its lineage derived from
them, its number and time as they were. The chain begins again, and the first envelope says which one it continues.
"""

from __future__ import annotations

from collections.abc import Callable

from studbook.errors import CatalogError, UsageError
from studbook.harvest.derive import derive_anew
from studbook.harvest.redact import Redactor
from studbook.lineage.link import LinkContext
from studbook.model import Continues, Envelope, Parts
from studbook.settings import Settings
from studbook.sources import with_accounts
from studbook.store import Catalog

WHY = "written anew by 'studbook redact --from-history': values that its redaction rules cover were taken out"


def rewrite(catalog: Catalog, settings: Settings, target: Catalog, report: Callable[[Envelope], None]) -> int:
    """Write every snapshot of a catalog into a new one by today's rules; gives how many values were taken out.

    Raises UsageError where there is something already, CatalogError where a snapshot cannot be read; the catalog itself
    stays as it is.
    """
    if target.root.exists() and any(target.root.iterdir()):
        raise UsageError(f"{target.root} is not empty", "name a new folder with --output DIR")
    history = list(catalog.envelopes())
    if not history or history[0].number != 1:
        raise CatalogError(f"{catalog.root}: the first snapshot is missing", "run 'studbook verify'")
    taken_out = _people(catalog, target, settings)
    before: tuple[Parts, Parts] | None = None
    for envelope in history:
        redactor = Redactor(settings.redact)
        if before is None or before[0] != envelope.parts:
            parts = _parts(catalog, target, settings, envelope, redactor)
            before = envelope.parts, parts
        written = target.add(
            before[1],
            coverage=map(redactor.coverage, envelope.coverage),
            taken_at=envelope.taken_at,
            config=settings.digest,
            number=envelope.number,
            continues=None if envelope is not history[0] else Continues(
                envelope=history[-1].envelope, number=history[-1].number, why=WHY
            ),
        )  # fmt: skip
        taken_out += redactor.count
        report(written)
    return taken_out


def _parts(catalog: Catalog, target: Catalog, settings: Settings, envelope: Envelope, redactor: Redactor) -> Parts:
    kept = target.keep_records(map(redactor.record, catalog.records(envelope)))
    context = LinkContext.of(with_accounts(settings, map(Redactor(settings.redact).record, catalog.records(envelope))))
    parts, _ = derive_anew(target, context, records=kept, previous=target.latest(), number=envelope.number)
    return parts


def _people(catalog: Catalog, target: Catalog, settings: Settings) -> int:
    """The words of people, without what was taken out of the records, and the configuration, which has the rules."""
    redactor = Redactor(settings.redact)
    target.create(catalog.settings_file.read_text(encoding="utf-8"))
    cards = sorted(catalog.cards_folder.glob("*.md"))
    several = [(path, target.cards_folder / path.name, redactor.text) for path in cards]
    several.append((catalog.waivers_file, target.waivers_file, redactor.identifier))
    for source, place, clean in several:
        if source.is_file():
            place.write_text(clean(source.read_text(encoding="utf-8")), encoding="utf-8")
    return redactor.count
