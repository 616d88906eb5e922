"""Name resolution, and fuzzy search: handles are what people call assets; each has a shortest one, so that what is
printed can be typed.

    support-bot-prod                 a name; of an endpoint, its configuration and its model of one name the endpoint
    support-bot/4                    a version; also 'support-bot 4', 'eval-chat:7'
    support-bot@prod                 a name in an account (its name or id), a stage or a region; fraud/1@prod/eu-west-1
    model-card/support-bot@dev       a kind in front, where things of several kinds have the name
    card-payments@2026-11-20         the version of a dataset that was in force at that date or time
    card-payments@8714c19db2ec       the beginning of a digest, of a git commit or of an MLflow id, alone too
    s3://bucket/prefix               a place in S3 in any spelling, with or without its last slash; a bucket or a folder
                                     is what lies in it, where that is one thing
    arn:..., model-package/bot/4     an ARN in any case, or the end of an id behind one of '/:@#'
    models:/bot/4, runs:/<run>       MLflow's own addresses

Nothing here reads more than the index says: the cost does not grow with the catalog. Unrelated things that share a name
are never chosen among.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property
from itertools import islice, takewhile
from typing import Final, Protocol

from studbook.errors import NotFound
from studbook.lineage.graph import Graph
from studbook.model import KINDS, Asset, Edge
from studbook.model.ids import REGION, folders, parse_arn, parse_s3
from studbook.settings import Settings
from studbook.store.index import MOST, digests

_KINDS: Final = {kind.replace("_", "-"): kind for kind in KINDS}
_BESIDE: Final = frozenset(
    {
        "action",
        "artifact",
        "context",
        "endpoint_config",
        "inference_component",
        "mlflow_experiment",
        "mlflow_logged_model",
        "mlflow_model_version",
        "mlflow_registered_model",
        "mlflow_run",
        "model",
        "model_card",
    }
)
"""Kinds that are made beside another thing and take its name: alone with it in one account and region, they are not
what is meant."""
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?Z?)?")
_HEX: Final = re.compile(r"(?:sha256:)?([0-9a-f]{4,64})", re.IGNORECASE)
_SURE: Final = 6
"""Hex digits that can stand alone, without the name of what they are a digest of."""
_ACCOUNT: Final = re.compile(r"\d{12}|aws")
_ESCAPE: Final = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt\\])")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789-_./: "
_LONGEST: Final = 48
"""Letters of a name that is looked for with one of them wrong."""
_NEAR: Final = 0.6
"""How like a name must be to what was typed, from 0 to 1, to be offered instead."""
_OFFERED: Final = 10


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a handle says beside the name: of which kind the thing is, and where."""

    kind: str | None = None
    accounts: tuple[str, ...] = ()
    region: str | None = None
    stage: str | None = None

    @property
    def members(self) -> list[bytes]:
        """The same as members of an asset's line."""
        wanted = (("kind", self.kind), ("region", self.region), ("stage", self.stage))
        return [f'"{member}":"{value}"'.encode() for member, value in wanted if value is not None]

    def holds(self, asset: Asset) -> bool:
        return (
            self.kind in (None, asset.kind)
            and (not self.accounts or asset.account in self.accounts)
            and self.region in (None, asset.region)
            and self.stage in (None, asset.stage)
        )


_ANYWHERE: Final = _Scope()


class Lookup(Protocol):
    """What is asked to resolve a handle, of a snapshot's index or of a lineage in memory; `store.index.Index` says
    what each gives."""

    def asset(self, asset_id: str) -> Asset | None: ...
    def beginning(self, text: str) -> Sequence[str]: ...
    def named(self, name: str, accounts: Collection[str] = (), within: Collection[bytes] = ()) -> Sequence[Asset]: ...
    def ending(self, end: str, accounts: Collection[str] = (), within: Collection[bytes] = ()) -> Sequence[Asset]: ...
    def aliased(self, alias: str) -> Sequence[Asset]: ...
    def digested(self, beginning: str) -> Sequence[Asset]: ...
    def names_among(self, words: Iterable[str]) -> set[str]: ...
    def names_from(self, beginning: str) -> set[str]: ...
    def upstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]: ...
    def downstream(self, asset_id: str, relation: str | None = None, role: str | None = None) -> Sequence[Edge]: ...


class InMemory:
    """The lookups of a lineage in memory, as far as it takes to say handles; what people type is looked up in an index.

    Aliases are not known here.
    """

    def __init__(self, graph: Graph) -> None:
        self.asset, self.upstream, self.downstream = graph.asset, graph.upstream, graph.downstream
        self.beginning = graph.beginning
        self._graph = graph

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[Asset]]:
        found: defaultdict[str, list[Asset]] = defaultdict(list)
        for asset in self._graph.assets.values():
            if len(found[asset.name]) < MOST:
                found[asset.name].append(asset)
        return dict(found)

    @cached_property
    def _by_digest(self) -> Sequence[tuple[str, str]]:
        return sorted((digits, one) for one in self._graph.assets for digits in digests(one))

    def named(self, name: str, accounts: Collection[str] = (), within: Collection[bytes] = ()) -> Sequence[Asset]:
        return self._by_name.get(name, ())

    @cached_property
    def _backwards(self) -> Sequence[str]:
        return sorted(one[::-1] for one in self._graph.assets)

    def ending(self, end: str, accounts: Collection[str] = (), within: Collection[bytes] = ()) -> Sequence[Asset]:
        first, backwards = bisect_left(self._backwards, end[::-1]), end[::-1]
        ids = takewhile(lambda one: one.startswith(backwards), islice(self._backwards, first, first + MOST))
        return [self._graph.assets[one[::-1]] for one in ids]

    def aliased(self, alias: str) -> Sequence[Asset]:
        return ()

    def digested(self, beginning: str) -> Sequence[Asset]:
        first = bisect_left(self._by_digest, (beginning, ""))
        rows = takewhile(lambda row: row[0].startswith(beginning), islice(self._by_digest, first, first + MOST))
        return [self._graph.assets[asset_id] for asset_id in dict.fromkeys(row[1] for row in rows)]

    def names_among(self, words: Iterable[str]) -> set[str]:
        return set(words) & self._by_name.keys()

    def names_from(self, beginning: str) -> set[str]:
        return set()


class Handles:
    """The handles of one snapshot.

    `settings` know the accounts' names; `taken_at` gives the time of the snapshot of a number.
    """

    def __init__(
        self,
        index: Lookup,
        settings: Settings | None = None,
        taken_at: Callable[[int], str | None] = lambda number: None,
    ) -> None:
        self._index, self._taken_at = index, taken_at
        accounts = settings.accounts if settings is not None else ()
        self._accounts = {account.id: account.name or account.id for account in accounts}
        self._printed: dict[str, str] = {}

    def find(self, text: str, kinds: Collection[str] = ()) -> Asset:
        """The asset that a person means; where several could be, the one of these kinds.

        Raises NotFound, with handles of what it could be.
        """
        several = self._lookup(text)
        several = self._meant([asset for asset in several if asset.kind in kinds] or several)
        if len(several) == 1:
            return several[0]
        if several:
            many = f"{MOST} or more" if len(several) >= MOST else f"{len(several)}"
            raise NotFound(f"{text!r} can be {many} things", self._list("say which one:", several))
        near = self.near(text, kinds)
        raise NotFound(
            f"no asset answers to {text!r}",
            self._list("did you mean:" if len(near) == 1 else "did you mean one of these?", near)
            if near
            else "give its name, name@account, its id or the end of it, an s3:// place, or a digest",
        )

    def of(self, asset: Asset) -> str:
        """The shortest handle that means this asset and no other; its id where no shorter one does."""
        if asset.id not in self._printed:
            self._printed[asset.id] = next(
                (text for text in _spellings(asset, self._accounts) if self._means(text, asset)), asset.id
            )
        return self._printed[asset.id]

    def account(self, text: str) -> str | None:
        """The id of the account of that id or name, if the configuration or the text itself knows it."""
        if _ACCOUNT.fullmatch(text):
            return text
        named = [account for account, name in self._accounts.items() if name.lower() == text.lower()]
        return named[0] if len(named) == 1 else None

    def account_name(self, account: str | None) -> str | None:
        """What people call an account: its name in the configuration, else its id."""
        return self._accounts.get(account, account) if account is not None else None

    def search(self, text: str) -> Sequence[Asset]:
        """All that answer to a text, or else what is near it."""
        return self._lookup(text) or self.near(text)

    def near(self, text: str, kinds: Collection[str] = ()) -> list[Asset]:
        """Assets whose names are like what was typed: a letter wrong, or its beginning; the likest first."""
        name, at, behind = text.strip().partition("@")
        front, _, rest = name.partition("/")
        name = (rest if front in _KINDS and rest else name).replace("/", " ")
        if (uri := parse_s3(text)) is not None:
            return self._around(str(uri))
        if len(name) < 2:
            return []
        if found := self._meant(self._answering(name, _ANYWHERE)):  # it was the place or the kind that was wrong
            return list(found[:_OFFERED])
        index = self._index
        names: set[str] = set()
        for one in dict.fromkeys((name, name.rpartition(" ")[0])):
            names = names or (index.names_among(_misspelt(one)) if 2 < len(one) <= _LONGEST else set())
        for end in range(len(name), len(name) // 2 if not names else len(name), -1):
            names |= index.names_from(name[:end])
            if len(names) >= _OFFERED:
                break
        likest = sorted((-_likeness(name, one), one) for one in names)
        found = [
            asset
            for likeness, one in likest[:_OFFERED]
            if -likeness >= _NEAR or one.lower().startswith(name.lower())
            for asset in self._meant(self._answering(f"{one}{at}{behind}", _ANYWHERE) if at else ())
            or self._meant(index.named(one))
        ]
        ended = index.ending(name.replace(" ", "/")) if len(name) > 3 else ()
        found = list({asset.id: asset for asset in (*found, *ended)}.values())
        return ([asset for asset in found if asset.kind in kinds] or found)[:_OFFERED]

    def _around(self, uri: str) -> list[Asset]:
        """What the innermost known place around a place in S3 is."""
        for folder in folders(uri):
            for place in (folder, folder[:-1]):
                if (found := self._index.asset(place)) is not None:
                    return [found]
        return []

    # --- from text to assets ------------------------------------------------------------------------------------------

    def _lookup(self, text: str) -> Sequence[Asset]:
        text = text.strip()
        found = self._answering(text, _ANYWHERE)
        if not found and _ESCAPE.search(text):  # as a terminal shows what it must not act on
            text = _ESCAPE.sub(lambda match: match[0].encode().decode("unicode_escape"), text)
            found = self._answering(text, _ANYWHERE)
        return found

    def _answering(self, text: str, scope: _Scope) -> Sequence[Asset]:
        """All that answer to a text; the ways in which a text can be meant are tried one after the other."""
        if not text:
            return ()
        for ask in (self._by_id, self._by_place_in_s3, self._by_name, self._by_end, self._by_digest):
            found = [asset for asset in ask(text, scope) if scope.holds(asset)]
            if found:
                written_so = [asset for asset in found if asset.id == text or asset.name in _spelled(text)]
                return written_so or found
        base, at, behind = text.rpartition("@")
        if at and base:
            if _DATE.fullmatch(behind):
                return self._in_force(base, behind, scope)
            for place in self._places(behind, scope):
                if found := list(self._answering(base, place)):
                    return found
            digest = _HEX.fullmatch(behind)
            if digest and (found := [asset for asset in self._digested(digest[1]) if _is_of(asset, base)]):
                return found
        return ()

    def _by_id(self, text: str, scope: _Scope) -> Sequence[Asset]:
        asset = self._index.asset(text)
        if asset is not None:
            return (asset,)
        if text[:4].lower() != "arn:":
            return ()
        exact = [asset for asset in self._index.ending(text) if asset.id.lower() == text.lower()]
        return exact or self._index.aliased(text)

    def _by_place_in_s3(self, text: str, scope: _Scope) -> Sequence[Asset]:
        uri = parse_s3(text)
        if uri is None:
            return ()
        place = str(uri).rstrip("/")
        found = (self._index.asset(one) for one in (str(uri), f"{place}/", place))
        return next(((asset,) for asset in found if asset is not None), ()) or self._within(f"{place}/")

    def _within(self, folder: str) -> Sequence[Asset]:
        """What lies in a folder or a bucket that is nothing by itself: the datasets, or all where there are none."""
        ids = self._index.beginning(folder)[:MOST]
        assets = [asset for one in ids if (asset := self._index.asset(one)) is not None]
        return [asset for asset in assets if asset.kind == "dataset"] or assets

    def _by_name(self, text: str, scope: _Scope) -> Sequence[Asset]:
        several = [asset for one in _spelled(text) for asset in self._index.named(one, scope.accounts, scope.members)]
        # A place in S3 is shown by the end of its URI, which may read as somebody's name.
        return [asset for asset in several if _base(asset) is not None] or several

    def _by_end(self, text: str, scope: _Scope) -> Sequence[Asset]:
        for mlflow, end in (("models:/", "model/"), ("runs:/", "run/")):
            if text.startswith(mlflow):
                text = end + text.removeprefix(mlflow).partition("/artifacts")[0]
        ends = (self._index.ending(before + text, scope.accounts, scope.members) for before in "/:@#")
        found = {asset.id: asset for several in ends for asset in several}
        kind, slash, rest = text.partition("/")
        if slash and kind in _KINDS and scope.kind is None:
            found |= {asset.id: asset for asset in self._answering(rest, replace(scope, kind=_KINDS[kind]))}
        return list(found.values())[:MOST]

    def _by_digest(self, text: str, scope: _Scope) -> Sequence[Asset]:
        match = _HEX.fullmatch(text.removeprefix("runs:/").partition("/")[0])
        return self._digested(match[1]) if match and len(match[1]) >= _SURE else ()

    def _digested(self, digits: str) -> Sequence[Asset]:
        return self._index.digested(digits.lower())

    def _places(self, text: str, scope: _Scope) -> Iterator[_Scope]:
        """The scopes that `prod`, `444444444444` or `production/eu-west-1` can mean."""
        if scope.accounts or scope.region or scope.stage:
            return
        *rest, last = text.split("/")
        region = last if REGION.fullmatch(last) else None
        if region is None or rest:
            word = "/".join(rest) if region else text
            named = tuple(account for account, name in self._accounts.items() if name.lower() == word.lower())
            if _ACCOUNT.fullmatch(word) or named:
                yield replace(scope, accounts=named or (word,), region=region)
            yield replace(scope, stage=word, region=region)
        else:
            yield replace(scope, region=region)

    def _in_force(self, base: str, date: str, scope: _Scope) -> Sequence[Asset]:
        """The version of a dataset that was in force at a time; of a date, at its end.

        It is the last that was written by then. Where its objects cannot tell it from one that came by deleting some,
        both are given.
        """
        time = f"{date}T23:59:59Z" if "T" not in date else f"{date.removesuffix('Z')}{':00' * (date.count(':') == 1)}Z"
        found = self._meant(self._answering(base, scope))
        if not found:
            return ()
        datasets = [asset for asset in found if asset.kind == "dataset"]
        if not datasets:
            raise NotFound(
                f"{base!r} is no dataset, and has no version in force at a date",
                f"to ask what was known that night: {self.of(found[0])} --as-of {date}",
            )
        edges = [edge for dataset in datasets for edge in self._index.downstream(dataset.id, "has_version")]
        versions = [asset for edge in edges if (asset := self._index.asset(edge.target)) is not None]
        places: dict[str, list[Asset]] = {}
        for version in sorted(versions, key=lambda one: (one.created_at or "", one.first_seen or 0)):
            # The places under one prefix have versions of their own, those of a hub's dataset are one line.
            of_place = parse_s3(version.id) is not None
            places.setdefault(version.id.rpartition("@")[0] if of_place else "", []).append(version)
        in_force = [asset for several in places.values() for asset in self._last(several, time)]
        if versions and not in_force:
            first = min(asset.created_at or "?" for asset in versions)
            raise NotFound(f"no version of {base!r} is as old as {date}", f"the oldest that is known is of {first}")
        return in_force

    def _last(self, versions: Sequence[Asset], time: str) -> list[Asset]:
        """Of the versions of one place, oldest first, those that can have been in force at a time."""
        written = list(takewhile(lambda one: one.created_at is not None and one.created_at <= time, versions))
        there = [one for one in written if not self._over(one, time)] or written[-1:]
        last = there[-1:]
        # A version of which no object is new came by deleting some: between two nights either can have been there.
        return [*(one for one in there[:-1] if last[0].attributes.get("superseded_since") == one.first_seen), *last]

    def _over(self, version: Asset, time: str) -> bool:
        """Whether a snapshot had seen another version by that time."""
        night = version.attributes.get("superseded_since")
        taken_at = self._taken_at(night) if isinstance(night, int) else None
        return taken_at is not None and taken_at <= time

    # --- from several to one ------------------------------------------------------------------------------------------

    def _meant(self, several: Sequence[Asset]) -> Sequence[Asset]:
        """The one that is meant of related things of one name, or all of them."""
        if not 1 < len(several) < MOST:
            return several
        whole = self._whole(several)
        if whole is not None:
            return (whole,)
        things: dict[tuple[str | None, str | None], list[Asset]] = {}
        for asset in several:
            things.setdefault((asset.account, asset.region), []).append(asset)
        return [asset for of_one_place in things.values() for asset in _chief(of_one_place)]

    def _whole(self, several: Sequence[Asset]) -> Asset | None:
        """The one of which all the others are parts: what they are deployed to, or versions of."""
        ids = {asset.id for asset in several}
        for whole in several:
            parts, ahead = {whole.id}, [whole.id]
            while ahead:
                one = ahead.pop()
                found = {edge.source for edge in self._index.upstream(one, "deployed_to")}
                found |= {edge.target for edge in self._index.downstream(one, "has_version")}
                new = (found & ids) - parts
                parts |= new
                ahead.extend(new)
            if parts == ids:
                return whole
        return None

    # --- from an asset to text ----------------------------------------------------------------------------------------

    def _means(self, text: str, asset: Asset) -> bool:
        """Whether a text can be typed, and means this asset alone."""
        if not text.isprintable() or " " in text or text.startswith("-"):
            return False
        try:
            found = self._meant(self._lookup(text))
        except NotFound:
            return False
        return len(found) == 1 and found[0].id == asset.id

    def _list(self, title: str, several: Sequence[Asset]) -> str:
        """Handles below each other, each with what it is."""
        rows = [
            (self.of(asset), KINDS[asset.kind].title, asset.stage, "gone" if asset.gone_since is not None else None)
            for asset in several[:_OFFERED]
        ]
        wide = max(len(handle) for handle, *_ in rows)
        lines = [f"  {handle:<{wide}}  {'  '.join(filter(None, more))}" for handle, *more in sorted(rows)]
        left = len(several) - len(rows)
        return "\n".join([title, *lines, *([f"  ... and {left} more"] if left > 0 else [])])


def _chief(several: list[Asset]) -> list[Asset]:
    """Of the assets of one name in one place the one that the others are made beside, or all."""
    things = [asset for asset in several if asset.kind not in _BESIDE]
    return things if len(things) == 1 else several


def _spellings(asset: Asset, accounts: Mapping[str, str]) -> Iterator[str]:
    """What an asset can be called, from short to long; `accounts` has their names by their ids."""
    kind = asset.kind.replace("_", "-")
    base = _base(asset)
    where = [""]
    if asset.account is not None:
        account = accounts.get(asset.account, asset.account)
        where += [f"@{place}" for place in dict.fromkeys((account, asset.account))]
        where += [f"{place}/{asset.region}" for place in where[1:] if asset.region]
    if base is not None:
        yield from (spelled + place for place in where for spelled in (base, f"{kind}/{base}"))
    arn = parse_arn(asset.id)
    if arn is not None:
        yield arn.resource
        yield f"{arn.account}:{arn.resource}"
    yield asset.id.rpartition("/")[2]


def behind_handle(sentence: str, asset: Asset, accounts: Mapping[str, str]) -> str | None:
    """The rest of a sentence that begins with a handle of an asset; None where it begins otherwise.

    `accounts` has their names by their ids.
    """
    handles = [one for one in (*_spellings(asset, accounts), asset.id) if sentence.startswith(f"{one} ")]
    return sentence[len(max(handles, key=len)) + 1 :] if handles else None


def _base(asset: Asset) -> str | None:
    """A name without a place; None for what is known by its id alone."""
    if parse_s3(asset.id) is not None and "@sha256:" not in asset.id:
        return asset.name if asset.kind == "dataset" else None
    name, _, digest = asset.name.partition("@sha256:")
    if digest:
        return f"{name}@{digest[:12]}"
    first, _, last = asset.name.rpartition(" ")
    if first and asset.id.rpartition("sha256:")[2].startswith(last) and len(last) == 12:
        return f"{first}@{last}"
    if first:
        return f"{first}/{last}"
    version = asset.attributes.get("version")
    if asset.kind.endswith("_version") and version is not None and str(version) not in asset.name:
        return f"{asset.name}/{version}"
    return asset.name


def _spelled(text: str) -> tuple[str, ...]:
    """The names that are typed so: `bot/4` is that of version 4 as well, however its kind writes it."""
    name, slash, version = text.rpartition("/")
    return (text, f"{name} {version}", f"{name}:{version}") if slash else (text,)


def _is_of(version: Asset, base: str) -> bool:
    """Whether a name is a version's without its digest."""
    return version.name.lower().startswith(base.lower()) and version.name[len(base) : len(base) + 1] in ("", " ", "@")


def _misspelt(word: str) -> Iterable[str]:
    """Every word that a slip of one letter makes this word of: one missing, doubled, wrong, or two changed over."""
    word = word.lower()
    halves = [(word[:end], word[end:]) for end in range(len(word) + 1)]
    return {
        *(left + right[1:] for left, right in halves if right),
        *(left + right[1] + right[0] + right[2:] for left, right in halves if len(right) > 1),
        *(left + letter + right[1:] for left, right in halves if right for letter in _LETTERS),
        *(left + letter + right for left, right in halves for letter in _LETTERS),
    } - {word}


def _likeness(typed: str, name: str) -> float:
    return SequenceMatcher(None, typed.lower(), name.lower()).ratio()
