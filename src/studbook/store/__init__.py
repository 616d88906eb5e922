"""The catalog folder: content by digest, snapshots in a chain, an index for fast answers."""

from studbook.store.catalog import Catalog

__all__ = ["Catalog"]
