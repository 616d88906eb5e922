"""Whatever is written for a registry is in it: a file that nobody registered fails here, by its name."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import pytest

from studbook import exports, rules, sources
from studbook.exports import EXPORTS
from studbook.lineage import joins
from studbook.lineage.joins import JOINS
from studbook.model.sources import REGISTRY
from studbook.rules import RULES
from studbook.sources import SOURCES, sagemaker


def modules(package: ModuleType) -> list[ModuleType]:
    found = [import_module(f"{package.__name__}.{info.name}") for info in pkgutil.iter_modules(package.__path__)]
    return sorted(found, key=lambda module: module.__name__)


def of(package: ModuleType, name: str) -> Iterator[tuple[ModuleType, object]]:
    """What the modules of a package call by that name."""
    return ((module, vars(module)[name]) for module in modules(package) if name in vars(module))


@pytest.mark.parametrize(
    ("package", "name", "registry"), [(joins, "join", JOINS), (rules, "RULE", RULES), (exports, "EXPORT", EXPORTS)]
)
def test_each_file_has_its_line(package: ModuleType, name: str, registry: tuple[object, ...]) -> None:
    """A join, a rule or an export runs only where its package lists it."""
    assert [module.__name__ for module, found in of(package, name) if found not in registry] == []


def test_each_family_of_sagemaker_has_its_line() -> None:
    """Types that no list has are never asked for."""
    listed = {id(resource) for resource in sagemaker.RESOURCES}
    families = {module.__name__: {*map(id, vars(module)["RESOURCES"])} for module, _ in of(sagemaker, "RESOURCES")}

    assert [name for name, resources in families.items() if not resources <= listed] == []


def test_each_source_has_its_line() -> None:
    """A source that the registry does not know is never visited."""
    known = {type(source) for source in SOURCES}
    written = {
        found
        for module in modules(sources)
        for found in vars(module).values()
        if isinstance(found, type) and found.__module__ == module.__name__
        if all(hasattr(found, member) for member in ("wave", "plan", "collect", "normalize"))
    }

    unknown = {found.__name__ for found in written - known} - {"Source"}
    unknown |= {module.__name__ for module, found in of(sources, "SOURCE") if found not in SOURCES}
    assert unknown == set(), f"in no line of model/sources.py: {unknown}"
    assert [source.name for source in SOURCES] == list(REGISTRY)
