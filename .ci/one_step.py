"""Only `queries/` follows edges: nothing above it goes from the end of an edge to the next edge.

    python .ci/one_step.py [FOLDER]      exit 1, and a line for each place, where something does

Over the syntax trees of all modules but those below and in `queries/`. A function reads edges if it asks something for
`upstream` or `downstream`, or calls a function that does and gives on what it read. Two things are refused: to read
edges in a `while` loop or in a function that calls itself, and to read edges of what an edge led to. What a walk of
`queries/` found may be asked for its edges: that is one step.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

READS = {"upstream", "downstream"}
BELOW = ("queries", "lineage", "store", "model", "sources", "aws", "demo", "harvest")
"""Where edges are made, kept or followed."""


class Function:
    """One function: its nodes, what it calls and what it binds."""

    def __init__(self, module: str, node: ast.FunctionDef) -> None:
        self.module, self.node = module, node
        self.nodes = [*ast.walk(node)]  # once: to walk a tree is what this costs
        self.calls = {name for call in self.nodes if isinstance(call, ast.Call) and (name := called(call))}
        self.bound = [pair for node in self.nodes for pair in bindings(node)]


def called(call: ast.Call) -> str | None:
    """The name of the function that is called, where it is a plain one; of a method, with a dot before."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    return f".{call.func.attr}" if isinstance(call.func, ast.Attribute) else None


def functions(folder: Path) -> list[Function]:
    """All functions above the queries, nested ones within their outer ones."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        module = path.relative_to(folder).as_posix()
        if module.split("/")[0] in BELOW:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                found.append(Function(module, node))
    return found


class Body:
    """The names in one function that hold what edges led to."""

    def __init__(self, function: Function, readers: set[str], givers: set[str]) -> None:
        self.readers, self.givers = readers, givers
        self.tainted: set[str] = set()
        before = -1
        while before != len(self.tainted):
            before = len(self.tainted)
            for target, value in function.bound:
                if self.holds(value):
                    self.tainted.update(names(target))

    def is_reading(self, node: ast.AST) -> bool:
        """Whether this asks for edges, itself or by a function."""
        if not isinstance(node, ast.Call):
            return False
        name = called(node)
        return name is not None and (name.removeprefix(".") in READS if name.startswith(".") else name in self.readers)

    def holds(self, value: ast.AST) -> bool:
        """Whether there is something in it that an edge led to."""
        for node in ast.walk(value):
            if isinstance(node, ast.Name) and node.id in self.tainted:
                return True
            if isinstance(node, ast.Call) and (name := called(node)) is not None:
                if name.startswith(".") and name[1:] in READS:
                    return True
                if name in self.givers:
                    return True
        return False


def bindings(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """What a statement or a comprehension binds, and to what."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield target, value
        case ast.AugAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
            yield target, value
        case ast.AnnAssign(target=target, value=ast.AST() as value):
            yield target, value
        case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
            yield target, value
        case ast.Call(func=ast.Attribute(value=ast.Name() as target, attr="append" | "extend" | "add" | "update")):
            for argument in node.args:
                yield target, argument


def names(target: ast.AST) -> set[str]:
    """The names that a target binds; of a subscript, what is subscripted."""
    if isinstance(target, ast.Subscript):
        return names(target.value)
    if isinstance(target, ast.Attribute):
        return set()
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def settle(several: list[Function]) -> tuple[set[str], set[str]]:
    """The names of the functions that read edges, and of those that give on what edges led to."""
    readers: set[str] = set()
    givers: set[str] = set()
    before = -1
    while before != len(readers) + len(givers):
        before = len(readers) + len(givers)
        for function in several:
            body = Body(function, readers, givers)
            if any(body.is_reading(node) for node in function.nodes):
                readers.add(function.node.name)
            returned = [
                node.value
                for node in function.nodes
                if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) and node.value is not None
            ]
            if any(body.holds(value) for value in returned):
                givers.add(function.node.name)
    return readers, givers


def faults(several: list[Function]) -> Iterator[str]:
    """Each place where edges are followed."""
    readers, givers = settle(several)
    reach = {function.node.name: function.calls for function in several}
    for function in several:
        body = Body(function, readers, givers)
        where = f"{function.module}:{{}}: {function.node.name}"
        if function.node.name in readers and is_circle(function.node.name, reach):
            yield where.format(function.node.lineno) + " reads edges and calls itself"
        for node in function.nodes:
            if isinstance(node, ast.While) and any(map(body.is_reading, ast.walk(node))):
                yield where.format(node.lineno) + " reads edges in a while loop"
            if isinstance(node, ast.Call) and body.is_reading(node):
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                if any(body.holds(argument) for argument in given):
                    yield where.format(node.lineno) + " reads the edges of what an edge led to"


def is_circle(start: str, reach: dict[str, set[str]]) -> bool:
    """Whether a function comes back to itself through others."""
    seen: set[str] = set()
    ahead = set(reach[start])
    while ahead:
        name = ahead.pop()
        if name == start:
            return True
        if name not in seen:
            seen.add(name)
            ahead |= reach.get(name, set())
    return False


if __name__ == "__main__":
    found = sorted(set(faults(functions(Path(sys.argv[1] if len(sys.argv) > 1 else "src/studbook")))))
    sys.stdout.writelines(f"{line}\n" for line in found)
    sys.exit(1 if found else 0)
