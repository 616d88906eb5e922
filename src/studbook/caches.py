"""The user's own cache folder: what is read from here without a check must be nobody else's to write.

Caches (the index of a catalog, compiled templates, parsed pages of the manual) lie below `$XDG_CACHE_HOME/studbook`,
by default `~/.cache/studbook`, and not beside a catalog or a site, which pipelines store, fetch and share.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def own_folder(*names: str) -> Path | None:
    """A folder below the user's cache folder, made if need be; None where it cannot be, or is not safe from others.

    Safe is a folder of this user that is no link and that nobody else may write into, the folder above it included.
    """
    try:
        above = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        if not above.is_absolute():
            return None
        above.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = above
        for name in ("studbook", *names):
            folder /= name
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
                return None
    except (OSError, RuntimeError):
        return None
    return folder
