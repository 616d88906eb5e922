"""S3 prefixes that the configuration calls datasets.

Calls, per dataset: GetBucketVersioning once per bucket; then ListObjectVersions where the bucket keeps versions (one
request per 1,000 versions), else ListObjectsV2 (one per 1,000 objects), and one more where nothing is found. With
`versions: subprefixes` one listing is shared out over the first-level subprefixes, which costs less than a listing
each; so is that of a folder in which ten datasets or more lie side by side, without what lies between them. A directory
bucket has no versions, and opens a session for reading now and then (CreateSession, by the SDK). In place of all this
`s3_inventory` reads S3's own report, where the configuration names one. No object of a dataset is ever read; the
documents that records name are read by `s3_documents`, where the configuration allows it.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from studbook.aws.errors import PART_LOST, Trouble
from studbook.lineage.joins.object_history import object_versions
from studbook.model import Edge, Evidence, Facts, Partition, Record
from studbook.model.attributes import at, attributes, computed
from studbook.model.facts import DatasetState, InventoryTold
from studbook.model.ids import S3Uri, dataset_version_id, fingerprint, is_folder_marker, parse_s3
from studbook.model.relations import Certainty
from studbook.settings import Dataset, Settings
from studbook.sources import s3_documents, s3_inventory
from studbook.sources.interface import Grant, Json, Visit

_PREFIX = "s3_prefix"
_SIBLINGS: Final = 10
"""From so many datasets on that lie side by side in one folder, the folder is listed in place of each."""

Listing = dict[str, list[dict[str, Any]]]
"""Of one prefix: `Contents`, and where the bucket keeps versions `Versions` and `DeleteMarkers`."""
_MEMBERS: Final = {"ListObjectsV2": ("Contents",), "ListObjectVersions": ("Versions", "DeleteMarkers")}
_TOKENS: Final = {
    "ListObjectsV2": {"NextContinuationToken": "ContinuationToken"},
    "ListObjectVersions": {"NextKeyMarker": "KeyMarker", "NextVersionIdMarker": "VersionIdMarker"},
}
_START: Final = {"ListObjectsV2": "StartAfter", "ListObjectVersions": "KeyMarker"}
"""What a listing begins after."""


class S3:
    """Datasets by prefix, whose record is the state of its object listing; and documents that other records name."""

    name = "s3"
    grants: tuple[Grant, ...] = ()
    wave = 2
    follows = ("s3:",)
    actions = (
        "s3:GetBucketVersioning",
        "s3:GetInventoryConfiguration",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3express:CreateSession",
    )

    def plan(self, settings: Settings, records: Iterable[Record]) -> Mapping[Partition, Sequence[str]]:
        """By owning account, whose credentials list and read; the caller's own where it is not configured."""
        plan: defaultdict[Partition, list[str]] = defaultdict(list)
        for dataset in settings.datasets:
            account = dataset.account if settings.account(dataset.account) else None
            plan[Partition(account, None, self.name)].append(dataset.id)
        for account, targets in s3_documents.plan(settings, records).items():
            plan[Partition(account, None, self.name)] += targets
        return plan

    def collect(self, visit: Visit) -> None:
        versioning: dict[str, str | None] = {}
        targets = set(visit.targets)
        wanted = {one.id: (index, one) for index, one in enumerate(visit.settings.datasets) if one.id in targets}
        by_inventory: defaultdict[tuple[str, str], dict[int, Dataset]] = defaultdict(dict)
        for index, dataset in [each for each in wanted.values() if each[1].inventory is not None]:
            del wanted[dataset.id]
            by_inventory[dataset.inventory or "", (parse_s3(dataset.id) or ("", ""))[0]][index] = dataset
        for (place, bucket), several in by_inventory.items():
            try:
                _by_inventory(visit, place, bucket, several)
            except PART_LOST as error:
                visit.gap(error, place)
        for dataset_id, listing in _side_by_side(visit, [one for _, one in wanted.values()], versioning):
            _dataset(visit, *wanted.pop(dataset_id), versioning, listing)
        for index, dataset in wanted.values():
            _dataset(visit, index, dataset, versioning, None)
        for target in visit.targets:
            if s3_documents.is_target(target):
                try:
                    s3_documents.collect(visit, target)
                except PART_LOST as error:
                    visit.gap(error, s3_documents.named(target))

    def scope(self, record: Record) -> str | None:
        """The dataset that it is a state of; a document is on its own."""
        return record.body.get("Dataset") if record.kind == _PREFIX else record.id

    def normalize(self, record: Record) -> Facts:
        """The dataset, the version that this state is, and the arrow between them.

        A state that a newer one has replaced is a version as good as any: nobody deleted it, it was superseded. What an
        earlier listing showed of a state that came again tells nothing but when that was in force.
        """
        if record.kind != _PREFIX:
            return s3_documents.normalize(record)
        body = record.body
        dataset, index = body["Dataset"], body["Index"]
        told = _inventory_told(body) if "Inventory" in body else None
        contents = _rows(body.get("Contents") or () if told else body["Contents"], _OBJECT)
        member, versions = object_versions(body)
        operation = "s3:ListObjectsV2" if versions is None else "s3:ListObjectVersions"
        listed = Evidence(operation, member, record.reference)
        config = Evidence(config=f"datasets[{index}].uri")
        certainty: Certainty = "referenced"
        rows = STATE
        evidence: tuple[Evidence, ...] = (config, listed)
        if told is not None:
            listed = Evidence("s3:GetObject", "Inventory", record.reference)
            # S3 writes the report while the bucket goes on: what it shows may never have been there at once.
            certainty, rows, evidence = "inferred", INVENTORIED, (config, listed, BY_INVENTORY)
        version = rows.asset("dataset_version", record, account=body.get("Owner"))
        parent = DATASET.asset("dataset", record, id=dataset, account=body.get("Owner"))
        edge = Edge(source=dataset, target=record.id, relation="has_version", certainty=certainty, evidence=evidence)
        state = DatasetState(
            version=_version_id(record),
            dataset=dataset,
            uri=body["Uri"],
            owner=body.get("Owner"),
            config=config,
            evidence=listed,
            until=record.gone_since,
            stale_since=record.stale_since,
            contents=contents,
            versions=None if versions is None else _rows(versions, _OBJECT),
            markers=_rows(body.get("DeleteMarkers") or (), _MARKER),
            inventory=told,
        )
        facts = Facts(claims=[state])
        if state.version != record.id:
            return facts
        if record.gone_since is not None:  # what it says of the dataset is old
            facts.mentions.append(parent)
        else:
            facts.show(parent, DATASET)
        if contents or (told and told.objects):  # nothing is no state of a dataset
            facts.show(version, rows)
            facts.edges.append(edge)
        return facts


def _version_id(record: Record) -> str:
    """Behind the id of an earlier listing stands the snapshot that had another one."""
    version, _, night = record.id.rpartition("@")
    return version if night.isdigit() else record.id


def _label(record: Record) -> str:
    body = record.body
    key = (parse_s3(body["Uri"]) or ("", ""))[1]
    prefix = (parse_s3(body["Dataset"]) or ("", ""))[1]
    label = key[len(prefix) :].strip("/") or body["Fingerprint"].removeprefix("sha256:")[:12]
    return f"{body['DatasetName']} {label}"


def _newest(contents: Any) -> str | None:
    return max((item["LastModified"] for item in contents), default=None)


_PLACE: Final = computed("uri", "id", "Its place in S3, as its id says.", lambda record: record.body["Uri"])
_ANY_STATE: Final = (
    computed("name", "fingerprint", "The dataset's name, and the subprefix or the fingerprint's beginning.", _label),
    _PLACE,
    computed("fingerprint", "fingerprint", "The digest of its manifest.", lambda record: record.body["Fingerprint"]),
    computed("fingerprint_of", "fingerprint", "What the fingerprint is of.", lambda record: "object manifest"),
    computed("current", "listing", "Whether the last listing shows it.", lambda record: record.gone_since is None),
    computed("superseded_since", "listing", "The snapshot that shows another.", lambda record: record.gone_since),
)
STATE: Final = attributes(
    "dataset_version",
    "s3:ListObjectsV2",
    _ANY_STATE,
    at("created_at", "Contents", "When the newest of its objects was written.", _newest),
    at("objects", "Contents", "How many objects it has.", len),
    at("bytes", "Contents", "The bytes of all of them.", lambda contents: sum(item["Size"] for item in contents)),
    at("newest", "Contents", "When the newest of its objects was written.", _newest),
    at(
        "oldest",
        "Contents",
        "When the oldest of its objects was written.",
        lambda contents: min(item["LastModified"] for item in contents),
    ),
    at("versioning", "VersioningStatus", "Whether the bucket keeps versions.", by="s3:GetBucketVersioning"),
)
INVENTORIED: Final = attributes(
    "dataset_version",
    "s3:GetObject",
    _ANY_STATE,
    at("created_at", "Newest", "When the newest of its objects was written."),
    at("objects", "Objects", "How many objects it has."),
    at("bytes", "Bytes", "The bytes of all of them."),
    at("newest", "Newest", "When the newest of its objects was written."),
    at("oldest", "Oldest", "When the oldest of its objects was written."),
    at(
        "seen_at",
        "Inventory.CreatedAt",
        "When S3 began the last inventory that shows it: of later times it says nothing.",
    ),
)
DATASET: Final = attributes(
    "dataset",
    "s3:ListObjectsV2",
    computed("name", "configuration", "Its name in the configuration.", lambda record: record.body["DatasetName"]),
    computed("uri", "id", "Its place in S3, as its id says.", lambda record: record.body["Dataset"]),
    computed(
        "versions",
        "configuration",
        "What makes a version: a fingerprint, or a subprefix.",
        lambda record: record.body.get("VersionsBy") or record.body["Versions"],
    ),
)


BY_INVENTORY: Final = Evidence.parse("rule:s3-inventory")


def _inventory_told(body: Json) -> InventoryTold:
    """TypeError where it does not say what there is, or of when that is."""
    objects, newest, seen_at = body["Objects"], body["Newest"], body["Inventory"]["CreatedAt"]
    if not isinstance(objects, int) or not isinstance(seen_at, str) or (objects and not isinstance(newest, str)):
        raise TypeError("it does not say how many objects an inventory shows, and of which time")
    return InventoryTold(objects, newest or "", seen_at)


_MARKER: Final = ("Key", "LastModified")
_OBJECT: Final = (*_MARKER, "ETag", "Size")
"""What each row says of itself: all texts, and a number of bytes."""


def _rows(listing: Iterable[Json], members: Sequence[str]) -> Sequence[Json]:
    """The rows of a listing, with what each has to say, folder markers left out: nobody read a state of those alone.

    TypeError or KeyError where one is not as S3 writes it, for joins go by all of them: it costs this record alone.
    """
    rows = list(listing)
    for row in rows:
        texts = [row[name] for name in members if name != "Size"]
        if "VersionId" in row and row["VersionId"] is not None:
            texts.append(row["VersionId"])
        if not all(isinstance(text, str) for text in texts) or ("Size" in members and row["Size"] < 0):
            raise TypeError(f"a row of a listing does not say its {', '.join(members)}")
    return [row for row in rows if "Size" not in members or not is_folder_marker(row["Key"], row["Size"])]


def sample(targets: Sequence[str]) -> tuple[str, ...]:
    """The targets that tell what is allowed: each dataset, and one document of each bucket and role."""
    first: dict[tuple[str, ...], str] = {}
    for target in targets:
        key: tuple[str, ...] = (target,)
        if s3_documents.is_target(target):
            role, uri, *_ = json.loads(target)
            key = (role, (parse_s3(uri) or ("", ""))[0])
        first.setdefault(key, target)
    return tuple(first.values())


def _dataset(
    visit: Visit, index: int, dataset: Dataset, versioning: dict[str, str | None], listing: Listing | None
) -> None:
    """One dataset, by what its parent's listing shows of it or by its own; what cannot be read is a gap."""
    try:
        _read(visit, index, dataset, versioning, listing)
    except PART_LOST as error:
        visit.gap(error, dataset.id)


def _read(
    visit: Visit, index: int, dataset: Dataset, versioning: dict[str, str | None], listing: Listing | None
) -> None:
    """All states of one dataset that there are now: one, or one for each subprefix."""
    uri = parse_s3(dataset.id)
    assert uri is not None
    keeps = _keeps(visit, uri.bucket, versioning)
    if listing is None and keeps:
        listing = _listed_with_history(visit, uri.bucket, uri.key)
    if listing is None:
        listing = _listed(visit, "ListObjectsV2", uri.bucket, uri.key)
    listed_by = "ListObjectVersions" if "Versions" in listing else "ListObjectsV2"
    if not listing["Contents"] and not s3_documents.is_directory(uri.bucket):
        _one_object(visit, uri.bucket, uri.key.rstrip("/"))
    for prefix, state in _states(listing, uri.key, dataset.versions):
        digest = fingerprint(state["Contents"], prefix)
        place = f"s3://{uri.bucket}/{prefix}"
        body = {
            "Uri": place,
            **_dataset_settings(index, dataset),
            "VersioningStatus": keeps,
            "Fingerprint": digest,
            **state,
        }
        visit.record(_PREFIX, dataset_version_id(place, digest), body, operation=listed_by)
    visit.listed(_PREFIX, dataset.id)


def _dataset_settings(index: int, dataset: Dataset) -> dict[str, Any]:
    """What the configuration says of a dataset, as records of its states have it."""
    return {
        "Dataset": dataset.id,
        "DatasetName": dataset.label,
        "Owner": dataset.account,
        "Index": index,
        "VersionsBy": dataset.versions,
    }


def _by_inventory(visit: Visit, inventory: str, bucket: str, datasets: Mapping[int, Dataset]) -> None:
    """The states of all datasets of one inventory, by its newest whole report; what it does not cover is a gap.

    Never by an older report than one that was read before: what was gone would be back. Raises Trouble.
    """
    place = parse_s3(inventory)
    assert place is not None
    try:
        _by_newest(visit, inventory, place, bucket, datasets)
    except Trouble as trouble:
        raise s3_inventory.cured(trouble, place, bucket) from trouble


def _by_newest(visit: Visit, inventory: str, place: S3Uri, bucket: str, datasets: Mapping[int, Dataset]) -> None:
    """The same in S3's own words."""
    covered = s3_inventory.covered(visit, place, bucket)
    prefixes = {index: (parse_s3(one.id) or ("", ""))[1] for index, one in datasets.items()}
    for index, prefix in prefixes.items():
        if not prefix.startswith(covered):
            message = f"{inventory} covers s3://{bucket}/{covered} alone; widen its filter, or take 'inventory' out"
            visit.gap(Trouble("invalid", "GetBucketInventoryConfiguration", "NotCovered", message), datasets[index].id)
    left = {index: one for index, one in datasets.items() if prefixes[index].startswith(covered)}
    kept: defaultdict[str, list[Record]] = defaultdict(list)
    for record in visit.known(_PREFIX) if left else ():
        kept[record.body["Dataset"]].append(record)
    for report in s3_inventory.reports(visit, place, bucket) if left else ():
        for index, dataset in list(left.items()):
            if report.created_at < (seen := max(map(_known_until, kept[dataset.id]), default="")):
                message = f"{report.uri} is older than what was read of it before, of {seen}"
                visit.gap(Trouble("lost", "GetObject", "InventoryOlder", message), dataset.id)
                del left[index]
        if not left or visit.settings.source(S3.name).limits.get("inventories") == 0:
            return
        try:
            _by_report(visit, bucket, report, left, kept)
        except Trouble as trouble:
            if not s3_inventory.is_torn(trouble):
                raise
            visit.gap(trouble)
            continue
        visit.skip(
            "GetObject", f"what lies in s3://{bucket}/{covered} is told as of {report.created_at}, by {report.uri}"
        )
        return


def _known_until(record: Record) -> str:
    """Up to when a state is known at least: the date of its report, or of the last change that its listing shows."""
    body = record.body
    if "Inventory" in body:
        return str(body["Inventory"]["CreatedAt"])
    members = ("Contents", "Versions", "DeleteMarkers")
    return max((str(row["LastModified"]) for name in members for row in _items(body.get(name))), default="")


def _items(member: Any) -> Sequence[Json]:
    """The rows of a listing; records of older catalogs have the configuration's word under one of the names."""
    return member if isinstance(member, list) else ()


def _by_report(
    visit: Visit,
    bucket: str,
    report: s3_inventory.Report,
    datasets: Mapping[int, Dataset],
    kept: Mapping[str, Sequence[Record]],
) -> None:
    """The states that a report shows. One that was read before, and said the same of a dataset, is not read again.

    A dataset of which it may not show all is a gap.
    """
    unread: list[tuple[int, Dataset]] = []
    told: dict[str, list[Record]] = {}
    for index, dataset in datasets.items():
        expected = {**_dataset_settings(index, dataset), "Inventory": report.body}.items()
        if (before := kept.get(dataset.id)) and all(expected <= one.body.items() for one in before):
            if before[0].body["Objects"] or _shows_all(visit, bucket, dataset, report, None):
                told[dataset.id] = list(before)
        else:
            unread.append((index, dataset))
    wanted = [
        s3_inventory.Wanted((parse_s3(one.id) or ("", ""))[1], one.versions == "subprefixes") for _, one in unread
    ]
    doubtful: set[str] = set()
    shown: set[str] = set()
    for number, state in s3_inventory.read(visit, report, wanted) if wanted else ():
        index, dataset = unread[number]
        if dataset.id not in shown | doubtful:
            (shown if _shows_all(visit, bucket, dataset, report, state) else doubtful).add(dataset.id)
        if dataset.id in doubtful or (not state.objects and dataset.versions == "subprefixes"):
            continue
        place = f"s3://{bucket}/{state.prefix}"
        body = {
            "Uri": place,
            **_dataset_settings(index, dataset),
            "VersioningStatus": None,
            "Inventory": report.body,
            **state.body,
        }
        visit.record(_PREFIX, dataset_version_id(place, state.fingerprint), body, operation="GetObject")
    for record in (one for several in told.values() for one in several):
        visit.reuse(record)
    for dataset_id in (*told, *shown):
        visit.listed(_PREFIX, dataset_id)


def _shows_all(
    visit: Visit, bucket: str, dataset: Dataset, report: s3_inventory.Report, state: s3_inventory.State | None
) -> bool:
    """Whether what a report does not show of a dataset is not there; else, or where nobody may ask, it is a gap.

    The filter that it was made by is the beginning of all its keys. So it covers a dataset whose prefix begins with
    what they have in common; of any other S3 is asked what lies where the report shows nothing.
    """
    prefix = (parse_s3(dataset.id) or ("", ""))[1]
    try:
        if state is None or not state.objects:
            beside = _anything(visit, bucket, prefix, parts=dataset.versions == "subprefixes")
        elif state.begins is None or prefix.startswith(state.begins):
            beside = None
        else:
            beside = _outside(visit, bucket, prefix, state.begins, report.created_at)
    except Trouble as trouble:
        message = (
            f"{trouble.message}; it was asked as {report.uri} does not show whether it covers s3://{bucket}/{prefix}: "
            f"the account's role needs s3:ListBucket on s3://{bucket}, see 'studbook iam'"
        )
        visit.gap(Trouble(trouble.meaning, trouble.operation, trouble.code, message), dataset.id)
        return False
    if beside is not None:
        message = (
            f"s3://{bucket}/{beside} is not in {report.uri}: the inventory had another filter then, or the report is "
            "older; the next report tells"
        )
        visit.gap(Trouble("lost", "ListObjectsV2", "NotInReport", message), dataset.id)
    return beside is None


def _anything(visit: Visit, bucket: str, prefix: str, *, parts: bool) -> str | None:
    """A key, or of a dataset by subprefixes one of those, where anything lies under a prefix now."""
    request = {"Bucket": bucket, "Prefix": prefix, **({"Delimiter": "/"} if parts else {"MaxKeys": 1})}
    for page in visit.pages("ListObjectsV2", request, tokens=_TOKENS["ListObjectsV2"]):
        for found in (page.get("CommonPrefixes") if parts else page.get("Contents")) or ():
            return str(found["Prefix" if parts else "Key"])
    _one_object(visit, bucket, prefix.rstrip("/"))
    return None


def _outside(visit: Visit, bucket: str, prefix: str, begins: str, until: str) -> str | None:
    """A key under a prefix that does not begin so and was written before a time, among the first thousand before all
    that begin so and the first thousand after."""
    request = {"Bucket": bucket, "Prefix": prefix}
    for start in ({}, {"StartAfter": f"{begins}\U0010fffd"}):
        page = visit.call("ListObjectsV2", {**request, **start})
        for found in page.get("Contents") or ():
            if not found["Key"].startswith(begins) and found["LastModified"] < until:
                return str(found["Key"])
        if not page.get("IsTruncated"):
            break
    return None


def _keeps(visit: Visit, bucket: str, versioning: dict[str, str | None]) -> str | None:
    """Whether a bucket keeps versions, in its own word: asked once, however many datasets it has."""
    if s3_documents.is_directory(bucket):
        return None
    if bucket not in versioning:
        try:
            status = visit.call("GetBucketVersioning", {"Bucket": bucket}).get("Status")
        except Trouble as trouble:
            if trouble.meaning == "gone":
                raise
            visit.gap(trouble)
            status = None
        versioning[bucket] = status
    return versioning[bucket]


def _one_object(visit: Visit, bucket: str, key: str) -> None:
    """A gap where nothing lies under a prefix, and an object has the prefix's own name.

    It is help with a slip of the pen: a role that may list below the prefix alone is told nothing, and that is no gap.
    """
    try:
        found = visit.call("ListObjectsV2", {"Bucket": bucket, "Prefix": key, "MaxKeys": 1}).get("Contents") or ()
    except Trouble as trouble:
        if trouble.meaning != "denied":
            raise
        return
    if key and any(item["Key"] == key for item in found):
        message = (
            f"nothing lies under s3://{bucket}/{key}/, but s3://{bucket}/{key} is an object: "
            "a dataset is the prefix that its objects lie under"
        )
        visit.gap(Trouble("gone", "ListObjectsV2", "DatasetIsOneObject", message))


def _listed(visit: Visit, operation: str, bucket: str, prefix: str) -> Listing:
    """All that lies under a prefix."""
    listing: Listing = {member: [] for member in _MEMBERS[operation]}
    request = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": 1000}
    for page in visit.pages(operation, request, tokens=_TOKENS[operation]):
        for member, row in _page(operation, page):
            listing[member].append(row)
    return _with_current(listing)


def _listed_with_history(visit: Visit, bucket: str, prefix: str) -> Listing | None:
    """Every version and delete marker, and the objects that are current; None where that may not be listed."""
    try:
        return _listed(visit, "ListObjectVersions", bucket, prefix)
    except Trouble as trouble:
        if trouble.meaning not in ("denied", "unsupported"):
            raise
        visit.gap(trouble)
        return None


def _side_by_side(
    visit: Visit, datasets: Iterable[Dataset], versioning: dict[str, str | None]
) -> Iterator[tuple[str, Listing | None]]:
    """The listings of datasets that share a parent with many others, by their ids, read from the parent's.

    None, as the parent may not be listed or one of its answers cannot be read: it is to be listed by itself.
    """
    below: defaultdict[str, list[str]] = defaultdict(list)
    for dataset in datasets:
        bucket, key = parse_s3(dataset.id) or ("", "")
        if not s3_documents.is_directory(bucket):
            below[bucket].append(key)
    for bucket, keys in below.items():
        for parent, prefixes in families(visit.settings, keys).items():
            left = dict.fromkeys(prefixes)
            try:
                operation = "ListObjectVersions" if _keeps(visit, bucket, versioning) else "ListObjectsV2"
                for prefix, listing in _scan(visit, operation, bucket, parent, prefixes):
                    del left[prefix]
                    yield f"s3://{bucket}/{prefix}", listing
            except PART_LOST:
                pass  # of each that is listed by itself it is told what is the matter with it
            # Now, before the next parent is denied: an operation that is denied again and again is given up.
            for prefix in left:
                yield f"s3://{bucket}/{prefix}", None


def _scan(
    visit: Visit, operation: str, bucket: str, parent: str, prefixes: Iterable[str]
) -> Iterator[tuple[str, Listing]]:
    """Each prefix below one parent with all that lies under it, in order, once it is whole.

    Skip scan: where a page ends in what belongs to nobody, the next one begins at the next prefix. Whatever else lies
    beside it, a prefix takes no more pages than by itself, or one more where its last page is full.
    """
    waiting = deque(sorted(prefixes, key=_in_bytes))
    rows: dict[str, Listing] = {prefix: {member: [] for member in _MEMBERS[operation]} for prefix in waiting}
    request = {"Bucket": bucket, "Prefix": parent, "MaxKeys": 1000}
    begun = ""
    while waiting and begun != waiting[0]:
        begun = waiting[0]
        # All that sorts before `a/` and after `a.` has the longest of keys: nothing, mostly.
        start = {_START[operation]: f"{begun[:-1]}.\U0010fffd"}
        for page in visit.pages(operation, {**request, **start}, tokens=_TOKENS[operation]):
            last = ""
            for member, row in _page(operation, page):
                last = max(last, row["Key"], key=_in_bytes)
                prefix = f"{parent}{row['Key'][len(parent) :].partition('/')[0]}/"
                if prefix in rows:
                    rows[prefix][member].append(row)
            while waiting and _in_bytes(waiting[0]) < _in_bytes(last) and not last.startswith(waiting[0]):
                prefix = waiting.popleft()
                yield prefix, _with_current(rows.pop(prefix))
            if not waiting or (waiting[0] != begun and not last.startswith(waiting[0])):
                break
        else:
            for prefix in waiting:
                yield prefix, _with_current(rows[prefix])
            return


def one_by_one(settings: Settings) -> Settings:
    """The configuration by which no folder is listed in place of the datasets in it, and no inventory is read beyond
    its manifest."""
    source = settings.source(S3.name)
    alone = source.model_copy(update={"limits": {**source.limits, "siblings": 0, "inventories": 0}})
    return settings.model_copy(update={"sources": {**settings.sources, S3.name: alone}})


def _page(operation: str, page: Json) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a page has, by the member that has it."""
    for member in _MEMBERS[operation]:
        for item in page.get(member) or ():
            if member == "DeleteMarkers":
                yield member, {name: item[name] for name in ("Key", "VersionId", "LastModified", "IsLatest")}
            else:
                yield member, _object(item) | ({"IsLatest": item["IsLatest"]} if member == "Versions" else {})


def _with_current(listing: Listing) -> Listing:
    """The same; of all versions also the objects that are current."""
    if "Contents" in listing:
        return listing
    current = [item for item in listing["Versions"] if item["IsLatest"]]
    return {"Contents": [{name: item[name] for name in item if name != "IsLatest"} for item in current], **listing}


def families(settings: Settings, prefixes: Iterable[str]) -> dict[str, list[str]]:
    """Of the datasets' prefixes in one bucket those that have enough others beside them, by their parent's.

    `sets/` is that of `sets/a/`; `a/` has none but the bucket, which is the empty one.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for prefix in filter(None, prefixes):
        found[prefix[: prefix[:-1].rfind("/") + 1]].append(prefix)
    fewest = settings.source(S3.name).limits.get("siblings", _SIBLINGS)
    return {parent: several for parent, several in found.items() if 0 < fewest <= len(several)}


def _in_bytes(key: str) -> bytes:
    """What S3 sorts by."""
    return key.encode(errors="surrogatepass")


def _object(item: Json) -> dict[str, Any]:
    """What is kept of an object.

    Raises KeyError where one of these values was odd and is left out, which costs the state of the dataset, not the
    object alone: the fingerprint of a listing without it would name a dataset that nobody has, and without its time
    nobody knows what a job read.
    """
    kept = {
        "Key": item["Key"],
        "Size": item["Size"],
        "ETag": item["ETag"].strip('"'),
        "LastModified": item["LastModified"],
    }
    return {**kept, "VersionId": item["VersionId"]} if "VersionId" in item else kept


def _states(listing: Listing, prefix: str, versions: str) -> list[tuple[str, Listing]]:
    """The listing by the prefix of each version; what lies beside the subprefixes belongs to none."""
    if versions != "subprefixes":
        return [(prefix, listing)]
    states: defaultdict[str, Listing] = defaultdict(lambda: {member: [] for member in listing})
    for member, items in listing.items():
        for item in items:
            first, slash, _ = item["Key"][len(prefix) :].partition("/")
            if slash and first:
                states[f"{prefix}{first}/"][member].append(item)
    # A subprefix of which only old versions are left is no version of the dataset now.
    return sorted((place, state) for place, state in states.items() if state["Contents"])
