"""`studbook export`: a snapshot in a format that others read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from studbook.cli import QUESTIONS
from studbook.cli.options import audience_option, catalog_option, edition, snapshot_option
from studbook.cli.terminal import say, write

if TYPE_CHECKING:
    from studbook.cards import Card
    from studbook.exports import Export, Subject
    from studbook.exports.edition import Edition
    from studbook.exports.pseudonyms import Pseudonyms
    from studbook.lineage.graph import Graph
    from studbook.model import Envelope, Finding, Record
    from studbook.queries.answer_graph import AnswerGraph
    from studbook.queries.pedigree import Pedigree
    from studbook.store import Catalog

_DRAWN: Final = 60
"""The most assets of a picture, where no other number is asked for."""

_SPELT: Final = {"spec_version": "spec-version", "sign": "key"}


@click.command(
    epilog="""\b
Examples:
  studbook export json --output studbook.json
  studbook export json --lines | jq -c 'select(.type == "asset" and .kind == "endpoint") | .id'
  studbook export json --as-of 2026-11-22
  studbook export schema > export.schema.json      what the JSON export looks like, as JSON Schema
  studbook export schema --of answer               likewise of answers; of report, pedigree
  studbook export cyclonedx support-bot/4 --output support-bot-4.cdx.json
  studbook export cyclonedx --spec-version 1.7     all model versions in one bill, with citations
  studbook export evidence support-bot/4 --output support-bot-4.zip
  studbook export parquet --output tables/
  studbook export svg support-bot/4 --question impact --output impact.svg
  studbook export openlineage support-bot/4        the runs that made and judged one model version

\b
Formats:
  json        the whole snapshot: assets, edges, findings, coverage
  schema      its JSON Schema (2020-12)
  pedigree    one asset with everything that made, judged and runs it, as JSON
  cyclonedx   a model version, or all of them, as a CycloneDX bill of materials
  evidence    one asset's pedigree with the API records behind it, as a ZIP file
  sarif, junit, markdown
              findings; 'studbook check --format' prints them with its exit code
  csv, parquet
              the whole as tables, into the folder --output DIR
  openlineage the runs of all jobs as OpenLineage events, one a line
  prov        the lineage as W3C PROV (PROV-JSON)
  sagemaker-card, huggingface
              a model version as a model card, of SageMaker or of the Hugging Face Hub
  croissant   a dataset version as Croissant metadata
  in-toto     how a model version was trained: SLSA provenance; --key signs it
  mermaid, dot, svg
              an answer, drawn: --question runs, say; without it trace

The bytes depend on the snapshot alone: findings, waivers and cards are as they were that night.
"""
)
@click.argument("format_name", metavar="FORMAT")
@click.argument("assets", metavar="[ASSET]...", nargs=-1)
@click.option("--asset", "about", metavar="ASSET", multiple=True, hidden=True)  # as scripts wrote it before
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=None,
    help="The file to write, or the folder of formats that are several files; standard output by default.",
)
@click.option("--lines", is_flag=True, help="One JSON object a line instead of one document.")
@click.option(
    "--level", type=click.Choice(["error", "warning", "note"]), default=None, help="For junit: what is a failure."
)
@click.option(
    "--spec-version", type=click.Choice(["1.6", "1.7"]), default=None, help="For cyclonedx; 1.7 has citations."
)
@click.option(
    "--of",
    type=click.Choice(["export", "answer", "report", "pedigree"]),
    default=None,
    help="For schema: what it describes; if it is not said, export.",
)
@click.option(
    "--question",
    type=click.Choice(list(QUESTIONS)),
    default=None,
    help="For mermaid, dot and svg: what is drawn; if it is not said, trace.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=None,
    help=f"For the same: the most assets drawn; if it is not said, {_DRAWN}.",
)
@audience_option
@click.option(
    "--key",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="For in-toto: an Ed25519 private key, as for 'sign'; the statement is then signed, in a DSSE envelope.",
)
@catalog_option
@snapshot_option
def export(
    *,
    format_name: str,
    assets: tuple[str, ...],
    about: tuple[str, ...],
    output: Path | None,
    lines: bool,
    audience: str,
    key: Path | None,
    catalog: Catalog,
    snapshot: str,
    **options: str | int | None,
) -> None:
    """Write a snapshot, or what is known of some assets, as FORMAT.

    Assets are named as for 'show'. Without any it is the whole snapshot, or every model version.
    """
    from studbook.errors import UsageError
    from studbook.store.files import write_pieces

    chosen = _chosen(format_name, lines)
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if key is not None:
        given["sign"] = signing(key)
    for name in given.keys() - set(chosen.options):
        raise UsageError(f"'{format_name}' has no option --{_SPELT.get(name, name)}", "'studbook export --help'")
    told = _Told(catalog, snapshot, external=audience == "external")
    files = ((name, told.checked(pieces)) for name, pieces in _files(chosen, told, (*assets, *about), lines, given))
    if chosen.files is not None and (output is None or output.is_file()):
        raise UsageError(f"'{chosen.name}' is several files", "name a folder for them with --output DIR")
    for name, pieces in files:
        if output is None:
            for piece in pieces:
                write(piece)
            continue
        write_pieces(output / name, pieces)
        if name:
            say(str(output / name))


def signing(key: Path) -> Callable[[bytes], tuple[str, bytes]]:
    """What signs with the key of a file: from a message to the SHA-256 of the public key, in hexadecimal digits,
    and the signature."""
    from hashlib import sha256

    from studbook.signing import file_signer

    signer = file_signer("studbook", key)
    key_id = sha256(signer.public).hexdigest()
    return lambda message: (key_id, signer.sign(message))


def _chosen(format_name: str, lines: bool) -> Export:
    from studbook.errors import UsageError, meant
    from studbook.exports import EXPORTS

    chosen = {export.name: export for export in EXPORTS}.get(format_name)
    if chosen is None:
        names, listed = zip(*((found.name, f"{found.name}: {found.summary}") for found in EXPORTS), strict=True)
        raise UsageError(f"there is no export '{format_name}'", meant(format_name, names, "; ".join(listed)))
    if lines and chosen.write_lines is None:
        raise UsageError(f"'{format_name}' cannot be written as lines", "leave --lines out")
    return chosen


def _files(
    chosen: Export, told: _Told, assets: Sequence[str], lines: bool, options: dict[str, Any]
) -> Iterable[tuple[str, Iterable[bytes]]]:
    """The documents that a format is, by name; one that is a single document has no name."""
    from studbook.errors import UsageError

    if told.external and chosen.name == "evidence":
        raise UsageError("a pack is evidence of what the APIs said, which outsiders must not see", "take 'pedigree'")
    if chosen.document is not None:
        if assets:
            raise UsageError(f"'{chosen.name}' is about no asset", "leave the assets out")
        return [("", (chosen.document(**options),))]
    if chosen.picture is not None:
        if len(assets) != 1:
            raise UsageError(f"'{chosen.name}' draws the answer to a question about one asset", "name one ASSET")
        return [("", (chosen.picture(told.answer(assets[0], **options)),))]
    if "envelope" in chosen.options:
        options["envelope"] = told.envelope
    if "night" in chosen.options:
        from functools import partial

        from studbook.exports import night

        options["night"] = partial(night.write, told.catalog, told.envelope)
    if chosen.about is not None and len(assets) == 1:
        return [("", (chosen.about(told.pedigree(assets[0]), **options),))]
    if chosen.about_all is not None:
        several = assets or [asset.id for asset in told.graph.assets.values() if asset.kind == chosen.kind]
        return [("", (chosen.about_all([told.pedigree(one, records=False) for one in several], **options),))]
    if chosen.about is not None:
        raise UsageError(f"'{chosen.name}' is about one asset", f"name it: studbook export {chosen.name} ASSET")
    if assets and chosen.whole:
        raise UsageError(
            f"'{chosen.name}' is of the whole snapshot", "leave the assets out, or take 'pedigree' for one"
        )
    return chosen.written(told.subject(assets), lines=lines, **options)


class _Told:
    """A snapshot with what the rules and people say of it; each part is read when it is asked for."""

    def __init__(self, catalog: Catalog, snapshot: str, *, external: bool) -> None:
        self.catalog, self.snapshot, self.external = catalog, snapshot, external

    @cached_property
    def _edition(self) -> Edition | None:
        return edition(self.catalog) if self.external else None

    @property
    def _audience_catalog(self) -> Catalog:
        """The catalog as whoever gets the export may read it."""
        return self._edition or self.catalog

    @property
    def _mask(self) -> Pseudonyms | None:
        return self._edition.mask if self._edition else None

    @cached_property
    def envelope(self) -> Envelope:
        return self._audience_catalog.resolve(self.snapshot)

    @cached_property
    def graph(self) -> Graph:
        return self._audience_catalog.graph(self.envelope)

    @cached_property
    def findings(self) -> list[Finding]:
        from studbook.rules import findings_of

        return findings_of(self._audience_catalog, self.envelope, self.graph)

    @cached_property
    def _cards(self) -> dict[str, Card]:
        from studbook.people import people_of

        people = people_of(self.catalog, self.envelope, lambda problem: say(f"warning: {problem.message}"))
        return (self._edition.told(people) if self._edition else people).cards

    def checked(self, pieces: Iterable[bytes]) -> Iterable[bytes]:
        """What is written: as it is, or after a look that nothing is left of what outsiders must not see."""
        return self._mask.checked(pieces) if self._mask else pieces

    def _records(self, ids: Sequence[str]) -> Iterator[Record]:
        wanted = frozenset(ids)
        return (record for record in self.catalog.records(self.envelope) if record.id in wanted)

    def pedigree(self, handle: str, *, records: bool = True) -> Pedigree:
        """What made, judged and runs the asset of a handle."""
        from studbook.api import open as open_catalog
        from studbook.queries.pedigree import pedigree

        if handle in self.graph.assets:
            found = handle
        else:
            with open_catalog(self.catalog, self.snapshot) as lineage:
                found = lineage.asset(handle).id
            if self._mask:
                found = self._mask.text(found)

        return pedigree(
            self.graph,
            found,
            findings=lambda asset_id: (finding for finding in self.findings if finding.asset == asset_id),
            cards=self._cards,
            records=self._records if records and not self.external else lambda ids: (),
        )

    def answer(self, handle: str, *, question: str = "trace", limit: int = _DRAWN) -> AnswerGraph:
        """The answer to a question about the asset of a handle, as a graph."""
        from studbook.api import open as open_catalog
        from studbook.queries.answer_graph import answer_graph

        with open_catalog(self.catalog, self.snapshot) as lineage:
            found = answer_graph(lineage.index, lineage.ask(question, handle).answer, limit)
        return self._mask.masked(found) if self._mask else found

    def subject(self, handles: Sequence[str] = ()) -> Subject:
        """The snapshot, or what the pedigrees of some assets have of it."""
        from studbook.exports import Subject

        if not handles:
            return Subject(self.envelope, self.graph.assets.values(), self.graph.edges, self.findings)
        several = [self.pedigree(handle, records=False) for handle in handles]
        assets = {asset.id: asset for one in several for asset in one.assets}
        edges = {edge.key: edge for one in several for edge in one.edges}
        return Subject(
            self.envelope,
            [assets[asset_id] for asset_id in sorted(assets)],
            sorted(edges.values(), key=lambda edge: edge.key.order),
            [finding for finding in self.findings if finding.asset in assets],
        )
