"""A night as CI runs it: preflight, harvest, sign, check, export, build, publish; and one report of what came of each.

No step hides another: a harvest that saw a part of the accounts is checked and built, a build that fails leaves the
snapshot and the findings told. The preflight sees what people mistype before anything is asked.

For outsiders the same night is told under pseudonyms: harvest and signature are of the catalog as it is, all that comes
after, and the report, of its edition. Why a step failed is for insiders, so it is said and not reported.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from studbook.cards import load_cards
from studbook.errors import LATER_FAILED, UNWRITABLE, StudbookError, UsageError
from studbook.harvest.coverage import seen_whole
from studbook.harvest.run import NothingRead, Progress, harvest, remote_visits
from studbook.model import Coverage, Envelope, Finding
from studbook.model.ids import S3Uri, parse_s3
from studbook.packaged import place_in_code
from studbook.queries.answer import counted
from studbook.queries.news import news
from studbook.rules import LEVELS, load_rules_and_waivers
from studbook.settings import Settings
from studbook.signing import file_signer, sign_checkpoint, signer_of

if TYPE_CHECKING:
    from studbook.exports.edition import Edition
    from studbook.store import Catalog

SCHEMA: Final = "studbook.report/1"
StepName = Literal["preflight", "harvest", "sign", "check", "export", "build", "publish"]
Outcome = Literal["ok", "findings", "partial", "failed", "skipped"]
STEPS: Final[tuple[StepName, ...]] = StepName.__args__  # type: ignore[attr-defined]
"""In the order in which they are done; `sign` where somebody asks for it."""
NOTHING_WRITTEN, PARTIAL, FINDINGS = 4, 3, 1
"""Exit codes, with 5 between 4 and 3, the worst first but for 2: a mistake that the preflight saw, before anything was
asked."""
_BUG = "this is a bug in Studbook: report it"
_NAMED = 5
"""Parts of a step that failed, as many as its line names."""


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one step."""

    name: StepName
    outcome: Outcome
    message: str


@dataclass(frozen=True, slots=True)
class Order:
    """What a night is to do."""

    output: Path
    """Where the site goes."""
    level: str = "error"
    """Findings from this level on count."""
    exports: Path | None = None
    """The folder for every export of the whole snapshot; None for none."""
    publish: str | None = None
    """Where the site goes after the build: `s3://bucket/prefix/` or a folder."""
    sign_key: Path | None = None
    """The private key by which the log's checkpoint is signed; else the configuration's in KMS, else it is not."""
    others: Sequence[Path] = ()
    """More files that will be written, for the preflight."""
    secret: str | None = None
    """What the pseudonyms of a night for outsiders are keyed by; None for insiders."""
    dask: str | None = None
    """The address of a Dask scheduler whose workers visit the accounts; None for threads of this machine."""

    def target(self, settings: Settings) -> str | None:
        """Where the site goes after the build. The place that the configuration names is for insiders."""
        return self.publish or (settings.publish.to if self.secret is None else None)


@dataclass(slots=True)
class Report:
    """What a night came to."""

    steps: list[Step] = field(default_factory=list)
    snapshot: Envelope | None = None
    """The one that was written; None where none was."""
    changes: tuple[str, ...] = ()
    """In at most five sentences; empty where there is no snapshot, or none before it."""
    findings: tuple[Finding, ...] = ()
    new_findings: tuple[Finding, ...] = ()
    """Those that the night before did not have."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    """How many assets of each kind there are."""
    coverage: tuple[Coverage, ...] = ()
    """What was asked and what came of it, also where nothing could be read, so that no snapshot was written."""
    error: StudbookError | None = None
    """Why the first step that failed did; with its way out. None for outsiders."""
    told: bool = True
    """Whether metrics and a summary could be written, where they were asked for."""
    audience: Literal["external"] | None = None
    """For whom it is; None for insiders."""

    @property
    def exit(self) -> int:
        """The exit code of the worst step: what let no snapshot be written counts most, then failures after it, what
        is partial, and findings; 0 where all is well."""
        outcomes = {step.name: step.outcome for step in self.steps}
        if outcomes.get("preflight") == "failed":
            return UsageError.exit_code
        if outcomes.get("harvest") == "failed":
            return NOTHING_WRITTEN
        if "failed" in outcomes.values() or outcomes.get("build") == "partial" or not self.told:
            return LATER_FAILED
        if "partial" in outcomes.values():
            return PARTIAL
        return FINDINGS if "findings" in outcomes.values() else 0

    @property
    def gaps(self) -> Iterator[dict[str, Any]]:
        """What could not be seen, and where, in the order of the coverage; what was skipped on purpose is no gap."""
        for row in self.coverage:
            for gap in row.gaps if row.status != "skipped" else ():
                yield {
                    "account": row.account,
                    "region": row.region,
                    "source": row.source,
                    "operation": gap.operation,
                    "code": gap.code,
                    "message": gap.message,
                }

    def to_json(self) -> dict[str, Any]:
        """The form `studbook.report/1`: plain JSON values; a public contract."""
        return {
            "schema": SCHEMA,
            "snapshot": self.snapshot.summary if self.snapshot is not None else None,
            "steps": [{"name": step.name, "outcome": step.outcome, "message": step.message} for step in self.steps],
            "changes": list(self.changes),
            "findings": [one.as_data() for one in self.findings],
            "new_findings": [one.as_data() for one in self.new_findings],
            "gaps": list(self.gaps),
            "exit": self.exit,
            **({"audience": self.audience} if self.audience else {}),
        }


def preflight(catalog: Catalog, order: Order, *, ask: bool = True) -> tuple[Settings, str]:
    """What people mistype, seen before the first request of a harvest; gives the configuration and what was looked at.

    With `ask`, a bucket that is published to and a cluster are asked for, too. Raises UsageError for the first mistake.
    """
    settings = catalog.settings()
    publish = order.target(settings)
    _, waivers = load_rules_and_waivers(settings, catalog.root)
    cards = load_cards(catalog.cards_folder)
    for folder in (catalog.root, order.output, *((order.exports,) if order.exports else ())):
        _writable(folder, folder=True)
    for file in order.others:
        _writable(file, folder=False)
    if settings.site.pictures == "required" and shutil.which("dot") is None:
        raise UsageError(
            "studbook.yml: site.pictures: there is no 'dot' program on this machine, and pictures are required",
            "install graphviz, or let site.pictures be auto",
        )
    if order.sign_key is not None:
        file_signer("studbook", order.sign_key)
    _one_audience(order, publish)
    seen = [f"the configuration, {counted(len(cards), 'card')}, {counted(len(waivers), 'waiver')} and the folders"]
    if (bucket := target(publish)) is not None and ask:
        from studbook.aws.bucket import reachable

        reachable(bucket)
        seen.append(f"{bucket} can be listed")
    if order.dask is not None and ask:
        with remote_visits(order.dask):
            seen.append(f"the cluster at {order.dask} answers")
    return settings, "; ".join(seen)


def _one_audience(order: Order, publish: str | None) -> None:
    """Raises UsageError where a folder has what is for another audience, or a secret could be guessed."""
    from studbook.exports.edition import label_of
    from studbook.exports.pseudonyms import Pseudonyms
    from studbook.render.versions import audience_of, is_taken, same_audience

    label = label_of(Pseudonyms(order.secret, ())) if order.secret is not None else None
    is_taken(order.output, label)
    if publish is not None and parse_s3(publish) is None:
        is_taken(Path(publish), label)
    exports = order.exports
    if exports is not None and exports.is_dir() and any(exports.iterdir()):
        same_audience(exports, audience_of(exports), label)


def target(publish: str | None) -> S3Uri | None:
    """The place in S3 that the site is published to; None where it is a folder, or nowhere."""
    uri = parse_s3(publish)
    if publish is not None and uri is None:
        if "://" in publish:
            raise UsageError(f"{publish!r} is no S3 URI", "write s3://bucket/prefix/, or a folder")
        _writable(Path(publish), folder=True)
    return uri


def _writable(path: Path, *, folder: bool) -> None:
    """Raises UsageError where a folder, or a file, cannot be made or written here. Writes nothing."""
    if path.exists():
        if path.is_dir() is not folder:
            raise UsageError(f"{path}: is {'no folder' if folder else 'a folder'}", "name another place")
        near = path
    else:
        near = next(above for above in path.absolute().parents if above.exists())
    if not os.access(near, os.W_OK) or (near != path and not near.is_dir()):
        raise UsageError(f"{path}: cannot be written", f"let this user write in {near}, or name another place")


def run(
    catalog: Catalog,
    order: Order,
    *,
    dry: bool = False,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """Do a night; gives its report, whatever happened.

    With `dry` nothing is asked and nothing is written: the preflight is made, and the rest skipped.
    """
    return _Night(catalog, order, progress, say).run(dry)


class _Night:
    """The state of one night."""

    def __init__(self, catalog: Catalog, order: Order, progress: Progress | None, say: Callable[[str], None]) -> None:
        self._catalog, self._order = catalog, order
        self._progress, self._say = progress, say
        self._report = Report(audience=None if order.secret is None else "external")
        self._signs = order.sign_key is not None

    @cached_property
    def _edition(self) -> Edition | None:
        """The catalog under pseudonyms; None for insiders. Asked for after the harvest: names of tonight count."""
        from studbook.exports.edition import Edition

        return Edition(self._catalog, self._order.secret) if self._order.secret is not None else None

    @property
    def _audience_catalog(self) -> Catalog:
        """The catalog as whoever gets the night may read it."""
        return self._edition if self._edition is not None else self._catalog

    @cached_property
    def _envelope(self) -> Envelope:
        """The snapshot of tonight, as it is told."""
        assert self._report.snapshot is not None
        return self._audience_catalog.resolve(str(self._report.snapshot.number))

    def run(self, dry: bool) -> Report:
        settings = self._preflight(ask=not dry)
        if settings is not None:
            self._signs = self._signs or settings.log.kms is not None
            if dry:
                self._skip(_would(settings))
            else:
                self._night(settings)
        self._skip("the step before it failed")
        return self._report if self._order.secret is None else self._outside(self._order.secret)

    def _outside(self, secret: str) -> Report:
        """The report as outsiders may read it: findings and changes are masked already, the rest is here."""
        from studbook.exports.pseudonyms import Pseudonyms

        report, order, edition = self._report, self._order, vars(self).get("_edition")
        if report.exit == UsageError.exit_code:  # there is nothing else in it; and the secret may be what is wrong
            return report
        folders = (self._catalog.root, order.output, order.exports, *order.others, Path(order.publish or "."))
        known = {str(path).casefold(): "place" for path in folders if path is not None and path.is_absolute()}
        known |= edition.mask.originals if edition is not None else {}
        told = ([step.message for step in report.steps], report.snapshot, report.coverage)
        mask = Pseudonyms(secret, told, known)
        return replace(
            report,
            steps=[replace(step, message=mask.text(step.message)) for step in report.steps],
            snapshot=mask.masked(report.snapshot),
            coverage=mask.masked(report.coverage),
        )

    def _skip(self, why: str) -> None:
        """The steps that nobody came to."""
        done = {step.name for step in self._report.steps}
        for name in STEPS:
            if name not in done and (name != "sign" or self._signs):
                self._report.steps.append(Step(name, "skipped", why))

    def _done(self, name: StepName, message: str, outcome: Outcome = "ok") -> None:
        self._report.steps.append(Step(name, outcome, message))

    def _attempt(self, name: StepName, work: Callable[[], None]) -> bool:
        """Whether a step went well; a failure is told in the report, and no later step knows of it."""
        self._say(f"{name} ...")
        try:
            work()
        except Exception as error:  # a step must not take the report of the others with it
            if not isinstance(error, StudbookError | OSError):
                logging.getLogger(__name__).debug("%s failed", name, exc_info=True)
            self._fail(name, error)
            return False
        return True

    def _fail(self, name: StepName, error: Exception) -> None:
        if isinstance(error, StudbookError):
            told = error
        elif isinstance(error, OSError):
            told = StudbookError(str(error), UNWRITABLE)
        else:
            told = StudbookError(f"{type(error).__name__}: {error}", _BUG)
        if self._order.secret is not None:
            self._say(f"{name}: {told}" + (f"; {told.hint}" if told.hint else ""))
            self._done(name, "why is told to insiders, on standard error", "failed")
            return
        self._report.error = self._report.error or told
        self._done(name, told.message, "failed")

    def _preflight(self, *, ask: bool) -> Settings | None:
        try:
            settings, seen = preflight(self._catalog, self._order, ask=ask)
        except StudbookError as error:
            self._fail("preflight", error)
            return None
        self._done("preflight", seen)
        return settings

    def _night(self, settings: Settings) -> None:
        if not self._attempt("harvest", lambda: self._harvest(settings)):
            return
        if self._signs:
            self._attempt("sign", lambda: self._sign(settings))
        self._attempt("check", self._check)
        if self._order.exports is None:
            self._done("export", "nothing asked for it: --exports DIR", "skipped")
        else:
            folder = self._order.exports
            self._attempt("export", lambda: self._export(folder))
        if not self._attempt("build", lambda: self._build(settings)):
            return
        if (where := self._order.target(settings)) is not None:
            self._attempt("publish", lambda: self._publish(settings, where))
        elif self._order.secret is not None:
            self._done("publish", "nothing says where outsiders find it: --publish TARGET", "skipped")
        else:
            self._done("publish", "nothing says where: --publish TARGET, or publish.to in studbook.yml", "skipped")

    # --- the steps ------------------------------------------------------------------------------------------------

    def _harvest(self, settings: Settings) -> None:
        with remote_visits(self._order.dask) as elsewhere:
            try:
                harvested = harvest(settings, self._catalog, progress=self._progress, elsewhere=elsewhere)
            except NothingRead as error:
                self._report.coverage = error.coverage
                raise
        envelope = self._report.snapshot = harvested.envelope
        self._report.coverage = envelope.coverage
        requests = sum(row.requests for row in envelope.coverage)
        self._done(
            "harvest",
            f"snapshot {envelope.number}: {seen_whole(envelope.coverage, 'seen whole')}, "
            f"in {counted(requests, 'request')}",
            "partial" if harvested.partial else "ok",
        )

    def _sign(self, settings: Settings) -> None:
        key = self._order.sign_key
        verifier = sign_checkpoint(
            self._catalog, signer_of(self._catalog, key, settings.log.kms if key is None else None)
        )
        known = "" if str(verifier) in settings.log.keys else "; name the key under log: keys, or nobody checks it"
        self._done("sign", f"the log's checkpoint, by {verifier}{known}")

    def _check(self) -> None:
        from studbook.api import open as open_catalog
        from studbook.rules import findings_of, is_failing, new_findings

        report, told, now = self._report, self._audience_catalog, self._envelope
        before = told.snapshot_before(now)
        report.kinds = told.kinds(now)
        report.findings = tuple(findings_of(told, now))
        report.new_findings = tuple(new_findings(told, now, report.findings))
        if before is not None:
            with open_catalog(self._catalog, now.number) as lineage:
                changes = news(lineage.diff(before.number), lambda named: lineage.handle(named.id))
            report.changes = self._edition.mask.masked(changes) if self._edition is not None else changes
        counting = [one for one in report.findings if is_failing(one, self._order.level)]
        levels: Counter[str] = Counter(one.level for one in report.findings if one.waived is None)
        parts = [f"{levels[level]} {level}{'s' if levels[level] != 1 else ''}" for level in LEVELS if levels[level]]
        waived = sum(one.waived is not None for one in report.findings)
        parts += [f"{waived} waived"] if waived else []
        self._done(
            "check",
            f"{', '.join(parts) or 'no findings'}; {len(report.new_findings) or 'none'} new"
            if report.findings
            else "no findings",
            "findings" if counting else "ok",
        )

    def _export(self, folder: Path) -> None:
        from studbook.exports import EXPORTS, Subject
        from studbook.render.versions import AUDIENCE
        from studbook.store.files import write_pieces, write_whole

        told, edition = self._audience_catalog, self._edition
        if edition is not None:
            write_whole(folder / AUDIENCE, f"{edition.label}\n".encode())
        names, failed = [], list[str]()
        for export in (one for one in EXPORTS if one.file):
            subject = Subject(
                self._envelope, told.assets(self._envelope), told.edges(self._envelope), self._report.findings
            )
            try:
                for name, pieces in export.written(subject):
                    checked = edition.mask.checked(pieces) if edition is not None else pieces
                    write_pieces(folder / export.file / name, checked)
            except (StudbookError, OSError, MemoryError):
                raise
            except Exception as error:  # no export may lack a row, and none may cost the others
                logging.getLogger(__name__).debug("%s failed", export.file, exc_info=True)
                failed.append(f"{export.file} ({type(error).__name__} at {place_in_code(error)})")
            else:
                names.append(export.file)
        if failed:
            raise StudbookError(f"not made: {', '.join(failed)}; made in {folder}: {', '.join(names) or 'none'}", _BUG)
        self._done("export", f"{', '.join(names)} in {folder}")

    def _build(self, settings: Settings) -> None:
        from studbook.render import build_site

        (site,) = build_site(
            self._audience_catalog,
            self._audience_settings(settings),
            self._order.output,
            envelopes=[self._envelope],
            report=self._say,
        )
        named = "".join(f"; {line}" for line in site.failed[:_NAMED])
        self._done("build", site.sentence + named, "partial" if site.failed else "ok")

    def _publish(self, settings: Settings, where: str) -> None:
        from studbook.publish import publish_site

        done = publish_site(
            self._audience_catalog, self._audience_settings(settings), self._order.output, where, report=self._say
        )
        self._done("publish", done.sentence(where))

    def _audience_settings(self, settings: Settings) -> Settings:
        """The settings as the site tells them."""
        return self._edition.without_names(settings) if self._edition is not None else settings


def _would(settings: Settings) -> str:
    accounts = counted(len(settings.accounts), "account")
    return f"a dry run: nothing is asked of {accounts} or anybody, and nothing is written"


def prometheus(report: Report) -> str:
    """The report in Prometheus' text format (exposition format 0.0.4), as a node exporter's folder takes it."""
    lines: list[str] = []

    def metric(name: str, meaning: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> None:
        lines.extend((f"# HELP studbook_{name} {meaning}", f"# TYPE studbook_{name} gauge"))
        for labels, value in samples:
            named = ",".join(f'{label}="{_label(text)}"' for label, text in labels.items())
            lines.append(f"studbook_{name}{{{named}}} {value:g}" if named else f"studbook_{name} {value!r}")

    snapshot = report.snapshot
    metric("exit_code", "What the last night exited with.", [({}, report.exit)])
    metric(
        "step",
        "1 for the outcome of each step of the last night.",
        [({"step": step.name, "outcome": step.outcome}, 1) for step in report.steps],
    )
    if snapshot is not None:
        taken = datetime.fromisoformat(snapshot.taken_at).timestamp()
        metric("snapshot_number", "The number of the newest snapshot.", [({}, snapshot.number)])
        metric("snapshot_timestamp_seconds", "When its harvest began.", [({}, int(taken))])
        metric("assets", "Assets by kind.", [({"kind": kind}, n) for kind, n in sorted(report.kinds.items())])
        levels: Counter[tuple[str, str]] = Counter(
            (one.level, "no" if one.waived is None else "yes") for one in report.findings
        )
        metric(
            "findings",
            "Findings by level.",
            [
                ({"level": level, "waived": waived}, levels[level, waived])
                for level in LEVELS
                for waived in ("no", "yes")
            ],
        )
        metric("new_findings", "Findings that the night before did not have.", [({}, len(report.new_findings))])
    if report.coverage:
        metric("gaps", "Parts of the harvest that could not be seen.", [({}, sum(1 for _ in report.gaps))])
        states = Counter(row.status for row in report.coverage)
        metric("partitions", "Partitions by status.", [({"status": status}, n) for status, n in sorted(states.items())])
        requests: Counter[str] = Counter()
        for row in report.coverage:
            requests[row.source] += row.requests
        metric("requests", "API requests by source.", [({"source": one}, n) for one, n in sorted(requests.items())])
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
