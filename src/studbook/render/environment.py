"""Autoescaping in the one Jinja environment: all but this package's own HTML; a name that is missing is an error."""

from __future__ import annotations

import hashlib
import os
import traceback
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any

from jinja2 import (
    BytecodeCache,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    meta,
    nodes,
)
from jinja2.bccache import Bucket
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, Macro
from markupsafe import Markup

from studbook.caches import own_folder
from studbook.errors import BuildError
from studbook.model import KINDS
from studbook.packaged import code_digest, packaged
from studbook.render import charts, markdown
from studbook.render.cells import CELLS, put
from studbook.render.views.tables import tone
from studbook.words import number, plain, says, shown, thousands


class Templates:
    """The templates: the user's own folder is searched first, then the packaged one."""

    def __init__(self, own: Path | None = None) -> None:
        if own is not None and not own.is_dir():
            raise BuildError(
                f"site.templates: there is no folder {own}", "make it, or take the key out of studbook.yml"
            )
        self.folders = [folder for folder in (own, packaged("templates")) if folder is not None]
        self.jinja = _Environment(
            loader=FileSystemLoader([str(folder) for folder in self.folders]),
            autoescape=True,
            auto_reload=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_safe,
            bytecode_cache=compiled(code_digest()),
        )
        self.jinja.filters.update(FILTERS)
        self.jinja.globals.update(CELLS)
        self.jinja.globals.update({chart.__name__: chart for chart in charts.CHARTS})

    def render(self, name: str, /, **data: Any) -> Markup:
        """The template `name` filled in. A mistake in a user's own template is a BuildError that names it."""
        try:
            return Markup(self.jinja.get_template(name).render(**data))  # noqa: S704  autoescape is on
        except TemplateNotFound as error:
            searched = ", ".join(map(str, self.folders))
            raise BuildError(f"there is no template {error.name}", f"searched: {searched}") from None
        except Exception as error:
            place = _place(error, name)
            if not any(place.startswith(f"{folder}{os.sep}") for folder in self.folders[:-1]):
                raise
            message = f"template {place}: {error if isinstance(error, TemplateError) else repr(error)}"
            raise BuildError(message, "'studbook help templates' says what a template may ask for") from error

    def asset_template(self, kind: str) -> str:
        """`assets/<kind>.html`; of kinds that have none of their own, `assets/_job.html` or `assets/_default.html`."""
        return self._asset_templates.get(kind) or ("assets/_job.html" if KINDS[kind].job else "assets/_default.html")

    @cached_property
    def _asset_templates(self) -> dict[str, str]:
        found = (path.name for folder in self.folders for path in folder.glob("assets/*.html"))
        return {name.removesuffix(".html"): f"assets/{name}" for name in found}

    def pages(self) -> list[str]:
        """The names of the pages: the files in `pages/` are the list."""
        return sorted({path.stem for folder in self.folders for path in folder.glob("pages/*.html")})

    def theme_folders(self) -> list[Path]:
        """Where overrides of Material's own templates are, and the stylesheets and scripts beside them."""
        return [folder / "theme" for folder in self.folders if (folder / "theme").is_dir()]

    @cached_property
    def digest(self) -> str:
        """Of all templates: a change in one of them is a change in every page."""
        hasher = hashlib.sha256()
        for folder in self.folders:
            for path in sorted(folder.rglob("*.html")):
                hasher.update(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes())
        return hasher.hexdigest()


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates, each under the checksum of its source."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


def compiled(compiler: str) -> BytecodeCache | None:
    """Templates as earlier builds compiled them; None where this user has no folder that is safe from others.

    It is code, and so lies in the user's own cache folder and never beside a site, which is what a pipeline stores and
    fetches again. `compiler` tells apart what compiles the same source differently.
    """
    folder = own_folder("templates")
    return None if folder is None else _Compiled(str(folder), f"studbook-{compiler}-%s.cache")


class _Template(Template):
    """A template of macros that asks its context for `root` alone is made once for each root, not for each page."""

    def make_module(
        self,
        vars: dict[str, Any] | None = None,
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,
    ) -> Any:
        root = (vars or {}).get("root")
        if not isinstance(root, str) or not self._asks_for_root_alone:
            return super().make_module(vars, shared, locals)
        if root not in self._modules:
            self._modules[root] = super().make_module({"root": root})
        return self._modules[root]

    @cached_property
    def _modules(self) -> dict[str, Any]:
        return {}

    @cached_property
    def _asks_for_root_alone(self) -> bool:
        environment = self.environment
        assert environment.loader is not None
        assert self.name is not None
        tree = environment.parse(environment.loader.get_source(environment, self.name)[0])
        others = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
        asked = meta.find_undeclared_variables(tree) - environment.globals.keys()
        return asked == {"root"} and all(tree.find(kind) is None for kind in others)


class _Context(Context):
    """Calls a macro or a function at once; Jinja asks it five times over what it wants to be given."""

    def call(self, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        is_macro = obj.__class__ is Macro
        if not is_macro and (obj.__class__ is not FunctionType or hasattr(obj, "jinja_pass_arg")):
            return super().call(obj, *args, **kwargs)
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        return obj(self.eval_ctx, *args, **kwargs) if is_macro else obj(*args, **kwargs)


class _Code(CodeGenerator):
    """What a template puts out is made safe and escaped in one call, and is not wrapped in a Markup of its own."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.put(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_post(node, frame, finalize)
        else:
            self.write(")")


class _Environment(Environment):
    """Looks up `a.b` in a dict by key first, which is what page data is made of; its methods stay what they are.

    A template that was found is found at once: none changes while a site is built.
    """

    template_class = _Template
    context_class = _Context
    code_generator_class = _Code

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._found: dict[str, Template] = {}

    def get_template(
        self, name: str | Template, parent: str | None = None, globals: MutableMapping[str, Any] | None = None
    ) -> Template:
        if not isinstance(name, str) or globals:
            return super().get_template(name, parent, globals)
        if name not in self._found:
            self._found[name] = super().get_template(name, parent)
        return self._found[name]

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """In one dict, which each part of each page copies; of Jinja's chain of two that takes ten times as long."""
        return {**self.globals, **(d or {})}

    put = staticmethod(put)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if obj.__class__ is dict and attribute not in _METHODS:
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)


_METHODS = frozenset(dir(dict))


def _place(error: Exception, name: str) -> str:
    """The template and line at fault: the last frame that is a template's."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return next((f"{frame.filename}:{frame.lineno}" for frame in frames if frame.filename.endswith(".html")), name)


def _safe(value: Any) -> Any:
    """Control and direction-changing characters never reach a page unseen."""
    return shown(value) if type(value) is str else value


_UNIT = 1024


def size(value: int | float) -> str:
    """Bytes for people: 1.5 MiB."""
    amount = float(value)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if amount < _UNIT or unit == "TiB":
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= _UNIT
    raise AssertionError("unreachable")


def moment(value: str | None) -> str:
    """`2026-11-22T02:00:00Z` as `2026-11-22 02:00 UTC`."""
    if not value:
        return ""
    return f"{value[:10]} {value[11:16]} UTC" if len(value) >= 16 and value[10] == "T" else value


def time(value: str | None) -> Markup:
    """A moment in a sentence, as an element that is in one line; nothing where there is none."""
    return Markup("<time>{}</time>").format(moment(value)) if value else Markup()


def day(value: str | None) -> str:
    """The date of a time."""
    return (value or "")[:10]


def digest_short(value: str) -> str:
    """The beginning of a digest, enough to tell two apart."""
    return value.removeprefix("sha256:")[:12]


def counted(values: Iterable[Any] | int, one: str, many: str | None = None) -> str:
    """`1 gap`, `3 gaps`."""
    count = values if isinstance(values, int) else len(list(values))
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def alike(findings: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Findings of which one sentence is said, together, in the order of the first; one without a name is alone."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for place, one in enumerate(findings):
        groups.setdefault(repr((one["said"] or place, one["waived"])), []).append(one)
    return list(groups.values())


FILTERS = {
    "alike": alike,
    "thousands": thousands,
    "size": size,
    "number": number,
    "moment": moment,
    "time": time,
    "day": day,
    "plain": plain,
    "digest_short": digest_short,
    "tone": tone,
    "counted": counted,
    "says": says,
    "markdown": markdown.to_html,
    "http": markdown.safe_href,
}
