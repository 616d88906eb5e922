"""What runs in production was made by, or runs in, a container image that is named by a tag alone.

A tag can be moved: what it means today it need not have meant when the model was trained. Where an endpoint told which
digest it pulled, what runs is known; the tag may still mean something else at the next deployment. Only images behind
what runs in production are told, each once.

**Mend it:** name the image by its digest (`...@sha256:...`), or forbid in its repository that tags are moved
(`aws ecr put-image-tag-mutability --image-tag-mutability IMMUTABLE`) and waive it.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.queries.answer import counted
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for image in seen.lineage.of_kind("container_image"):
        versions = seen.behind_production.get(image.id, ())
        if versions and "@sha256:" not in image.id:
            several = counted(len(versions), "model_package")
            yield Observation(image.id, f"is named by a tag, which can be moved, behind {several} in production")


RULE = Rule("image-not-pinned", "note", check, __doc__, mend="name it by its digest")
