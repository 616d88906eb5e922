"""A catalog in S3: read through a local cache, written by compare-and-swap (conditional puts); there is no lock server.

The keys below the prefix are the names of the catalog folder, and one folder more: `claims/<number>`. S3 can refuse to
write a key twice, and two snapshots of one number have two names; so a writer first puts its envelope under its
number, which one writer alone can, and then under its name. A writer that dies in between has claimed the number for
an envelope that is whole: whoever comes next puts it under its name.

An object is in the bucket before it is in the cache, so that what the cache has need not be sent again. Envelopes and
the files that people write are compared by ETag each time a catalog is opened.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from studbook.aws.bucket import Bucket
from studbook.caches import own_folder
from studbook.errors import CatalogError, UsageError
from studbook.model import Envelope
from studbook.model.canonical import digest
from studbook.model.ids import parse_s3
from studbook.store.catalog import Catalog
from studbook.store.files import write_whole
from studbook.store.log import Log
from studbook.store.objects import Objects, packed
from studbook.store.snapshots import Snapshots, document, file_name, taken

if TYPE_CHECKING:
    from studbook.proof.note import Verifier
    from studbook.store.verify import Damage

_OBJECTS = "objects/"
_SNAPSHOTS = "snapshots/"
_CLAIMS = "claims/"
_ETAGS = ".etags.json"


class BucketCatalog(Catalog):
    """A catalog in S3. It is brought up to date when it is opened; objects are fetched when they are read."""

    def __init__(self, where: str, *, believe_cache: bool = True) -> None:
        uri = parse_s3(where)
        if uri is None:
            raise UsageError(f"{where!r} is no S3 URI", "write s3://bucket/prefix/")
        self._bucket = Bucket(uri)
        place = f"s3://{uri.bucket}/{uri.key}".rstrip("/")
        folder = own_folder("buckets", hashlib.sha256(place.encode()).hexdigest()[:16]) if believe_cache else None
        if folder is None:  # nothing is kept from one command to the next
            self._passing = tempfile.TemporaryDirectory(prefix="studbook-")
            folder = Path(self._passing.name)
        super().__init__(folder)
        self.address = place
        self.objects = _Objects(self.objects.root, self._bucket)
        self.snapshots = _Snapshots(self.snapshots.root, self._bucket)
        self.log = _Log(self.log.root, self._bucket)
        self._whole = not believe_cache
        self._pull(whole=not believe_cache)

    def create(self, settings: str, cards: Path | None = None) -> None:
        """Create the folder here, then put all but objects and snapshots into the bucket; raises what
        `Catalog.create` does, and CatalogError where S3 refuses."""
        super().create(settings, cards)
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if path.is_file() and not name.startswith((".", _OBJECTS, _SNAPSHOTS)):
                self._bucket.put(name, path.read_bytes())

    def verify(self, signers: Sequence[Verifier] = ()) -> list[Damage]:
        """Of the bucket itself: a cache that is right would hide what somebody wrote there."""
        anew = self if self._whole else BucketCatalog(self.address, believe_cache=False)
        return super(BucketCatalog, anew).verify(signers)

    def _pull(self, *, whole: bool) -> None:
        """Bring what is not content up to date; with `whole`, everything."""
        kept = self._etags()
        there: dict[str, str] = {}
        for name, etag in self._bucket.listed(deep=False):
            if not name.endswith("/"):
                there[name] = etag
            elif whole or name not in (_OBJECTS, _CLAIMS):
                there.update(self._bucket.listed(name))
        for name, etag in there.items():
            path = self._local(name)
            if kept.get(name) != etag or not path.is_file():
                data = self._bucket.get(name)
                if data is not None:
                    write_whole(path, data)
        for name in kept.keys() - there.keys():
            self._local(name).unlink(missing_ok=True)
        if there != kept:
            write_whole(self.root / _ETAGS, json.dumps(there).encode())

    def _etags(self) -> dict[str, str]:
        try:
            found: dict[str, str] = json.loads((self.root / _ETAGS).read_bytes())
        except (OSError, ValueError):
            # Nothing is known of what lies here: it is fetched anew.
            for name in ("snapshots", "cards", "log"):
                shutil.rmtree(self.root / name, ignore_errors=True)
            return {}
        return found

    def _local(self, name: str) -> Path:
        """Where a key lies here; CatalogError for one that would lie elsewhere."""
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or name.startswith("/") or "\\" in name:
            raise CatalogError(f"{self._bucket.uri}: the key {name!r} is no name in a catalog", "take it away")
        return self.root.joinpath(*parts)


class _Objects(Objects):
    """Content-addressed store in S3, with a read-through cache."""

    def __init__(self, root: Path, bucket: Bucket) -> None:
        super().__init__(root)
        self._bucket = bucket

    def write(self, data: bytes) -> str:
        name = digest(data)
        if name not in self:
            body = packed(data)
            self._bucket.put_new(self._key(name), body)  # where it is there already, it has the same content
            write_whole(self.path(name), body)
        return name

    def _packed_bytes(self, name: str) -> bytes:
        try:
            return super()._packed_bytes(name)
        except FileNotFoundError:
            body = self._bucket.get(self._key(name))
            if body is None:
                raise
            write_whole(self.path(name), body)
            return body

    def _key(self, name: str) -> str:
        return _OBJECTS + self.path(name).relative_to(self.root).as_posix()


class _Snapshots(Snapshots):
    """The hash chain in S3, with a cache."""

    def __init__(self, root: Path, bucket: Bucket) -> None:
        super().__init__(root)
        self._bucket = bucket

    def write(self, envelope: Envelope) -> None:
        mine = document(envelope)
        claim = f"{_CLAIMS}{envelope.number}"
        if not self._bucket.put_new(claim, mine):
            theirs = self._bucket.get(claim)
            if theirs != mine:
                self._finish(theirs)
                raise taken(envelope.number)
        self._bucket.put_new(_SNAPSHOTS + file_name(envelope.number, envelope.taken_at), mine)
        super().write(envelope)

    def _finish(self, claimed: bytes | None) -> None:
        """Put the envelope that another writer claimed a number for under its name, if that writer could not."""
        if claimed is not None:
            other = Envelope.model_validate_json(claimed)
            self._bucket.put_new(_SNAPSHOTS + file_name(other.number, other.taken_at), claimed)


class _Log(Log):
    """The transparency log in S3. A writer that is overtaken leaves it behind its envelopes; the next brings it up."""

    def __init__(self, root: Path, bucket: Bucket) -> None:
        super().__init__(root)
        self._bucket = bucket

    def write(self, path: str, data: bytes) -> None:
        super().write(path, data)
        self._bucket.put(f"{self.root.name}/{path}", data)

    def remove(self, path: str) -> None:
        super().remove(path)
        self._bucket.delete(f"{self.root.name}/{path}")
