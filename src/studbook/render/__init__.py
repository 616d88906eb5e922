"""From a snapshot to a site."""

from studbook.render.build import Built, build_site

__all__ = ["Built", "build_site"]
