"""The image that a model runs, by digest: what an endpoint or component pulled for the tag that the model names.

Where no model is known that names the image, its configuration was deleted say, the image is what the endpoint runs.
The tag may have moved since, and another endpoint may have pulled something else: several digests are candidates for
what the model runs, and each endpoint runs its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from studbook.lineage.joins.interface import View, inferred, referenced
from studbook.model import Evidence, Facts
from studbook.model.facts import PulledImage

RULE: Final = Evidence.parse("rule:resolved-image")


def join(view: View) -> Facts:
    """Resolves every `PulledImage`."""
    facts = Facts()
    claims = view.all(PulledImage)
    if not claims:
        return facts
    above = _Above(view)
    pulled: defaultdict[tuple[str, str], defaultdict[str, set[PulledImage]]] = defaultdict(lambda: defaultdict(set))
    for claim in claims:
        models = [model for model in above.models(claim.place, claim.variant) if above.names(model, claim.image)]
        for model in models if claim.pinned != claim.image else ():
            pulled[model, claim.image][claim.pinned].add(claim)
        if not models:
            facts.edges.append(referenced(claim.pinned, claim.place, "packaged_as", (claim.evidence,), role="image"))
    for (model, _), digests in pulled.items():
        for pinned, by in digests.items():
            proof = (*{claim.evidence for claim in by}, RULE)
            facts.edges.append(inferred(pinned, model, "packaged_as", proof, role="image", candidate=len(digests) > 1))
            facts.edges.extend(
                referenced(pinned, claim.place, "packaged_as", (claim.evidence,), role="image")
                for claim in (by if len(digests) > 1 else ())
            )
    return facts


class _Above:
    """What lies upstream of places and models, as far as images are concerned."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._deployed: defaultdict[str, list[tuple[str, str | None]]] = defaultdict(list)
        self._packages: defaultdict[str, list[str]] = defaultdict(list)
        self._images: defaultdict[str, list[str]] = defaultdict(list)
        for key in view.edges:
            if key.relation == "deployed_to":
                self._deployed[key.target].append((key.source, key.role))
            elif key.relation == "packaged_as" and key.role == "image":
                self._images[key.target].append(key.source.partition("@")[0])
            elif key.relation == "packaged_as" and key.role is None:
                self._packages[key.target].append(key.source)

    def models(self, place: str, variant: str | None) -> Iterator[str]:
        """What an endpoint runs in a variant by its configuration, or a component by itself."""
        for source, _ in self._deployed[place]:
            found = self._view.assets.get(source)
            if found is not None and found.kind == "model":
                yield source
            elif found is not None and found.kind == "endpoint_config":
                yield from (model for model, role in self._deployed[source] if role == variant)

    def names(self, model: str, image: str) -> bool:
        """Whether the model, or else the package that it is, names this image."""
        holder = next((one for one in (model, *self._packages[model]) if self._images[one]), model)
        return image in self._images[holder]
