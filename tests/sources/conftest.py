"""Sources are tested with the harvest's own scripted AWS."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "harvest"))
