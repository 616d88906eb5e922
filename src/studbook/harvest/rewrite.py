"""History rewriting: a catalog anew without what today's rules redact, for a secret that is in nights long past.

Snapshots are never rewritten, so this is another catalog: each night's records redacted again, its lineage derived from
them, its number and time as they were. The chain begins again, and the first envelope says which one it continues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from studbook.errors import CatalogError, UsageError
from studbook.harvest.derive import derive_anew
from studbook.harvest.readings import readings_of
from studbook.harvest.snapshot import WorkingFolder, add_snapshot
from studbook.lineage.link import LinkContext
from studbook.model import Content, Continues, Envelope, Parts, WorkingFile
from studbook.model.people import FileKind
from studbook.people import cards_of, cleaned, working_files
from studbook.redaction.redact import Redactor
from studbook.rules import all_rules, read_waivers
from studbook.settings import Settings
from studbook.sources import with_accounts
from studbook.store import Catalog
from studbook.store.chunks import RECORDS

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
        raise CatalogError(f"{catalog.address}: the first snapshot is missing", "run 'studbook verify'")
    taken_out = _copy_files(catalog, target, settings)
    before: tuple[Parts, Content, str] | None = None
    rules = all_rules(settings, catalog.root)
    for envelope in history:
        redactor = Redactor(settings.redact)
        if before is None or before[0] != envelope.parts:
            before = envelope.parts, *_content(catalog, target, settings, envelope, redactor)
        draft = target.draft(
            before[1],
            number=envelope.number,
            coverage=map(redactor.coverage, envelope.coverage),
            taken_at=envelope.taken_at,
            config=settings.digest,
            continues=None if envelope is not history[0] else Continues(
                envelope=history[-1].envelope, number=history[-1].number, why=WHY
            ),
        )  # fmt: skip
        files = list(_files(catalog, settings, envelope, redactor))
        waivers = [
            one for file in files if file.kind == "waivers" for one in read_waivers(str(file.content), file.name)
        ]
        folder = WorkingFolder(settings, files, cards_of(files), waivers, rules)
        written = add_snapshot(target, draft, folder, readings=before[2])
        taken_out += redactor.count
        report(written)
    return taken_out


def _content(
    catalog: Catalog, target: Catalog, settings: Settings, envelope: Envelope, redactor: Redactor
) -> tuple[Content, str]:
    """What the records of a night come to without what the rules cover, and the manifest of their readings."""
    lines = map(RECORDS.line, map(redactor.record, catalog.records(envelope)))
    kept = target.keep_records(lines, readings_of(catalog, envelope, clean=Redactor(settings.redact).identifier))
    context = LinkContext.of(with_accounts(settings, map(Redactor(settings.redact).record, catalog.records(envelope))))
    content, _ = derive_anew(target, context, records=kept.records, previous=target.latest())
    return content, kept.readings


def _files(catalog: Catalog, settings: Settings, envelope: Envelope, redactor: Redactor) -> Iterator[WorkingFile]:
    """What people had written that night, by today's rules; the configuration is the one that made this catalog."""
    told = catalog.people(envelope)
    if told is None:
        yield from working_files(catalog, settings, redactor)
        return
    for file in told:
        if file.kind == "settings":
            yield replace(file, content=settings.resolved)
        else:
            yield replace(file, content=cleaned(file.kind, str(file.content), redactor))


def _copy_files(catalog: Catalog, target: Catalog, settings: Settings) -> int:
    """The words of people, without what was taken out of the records, and the configuration, which has the rules."""
    redactor = Redactor(settings.redact)
    target.create(catalog.settings_file.read_text(encoding="utf-8"))
    several: list[tuple[FileKind, Path, Path]] = [
        ("card", path, target.cards_folder / path.name) for path in sorted(catalog.cards_folder.glob("*.md"))
    ]
    several.append(("waivers", catalog.waivers_file, target.waivers_file))
    for kind, source, place in several:
        if source.is_file():
            place.write_text(cleaned(kind, source.read_text(encoding="utf-8"), redactor), encoding="utf-8")
    return redactor.count
