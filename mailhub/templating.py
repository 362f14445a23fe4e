"""Texts with fields, ``Dear {{ contact.name }}``: a small part of Jinja2 in its sandbox.

What a person saves is refused unless its syntax tree holds nothing but text, fields, a few filters, ``if`` and ``for``
over a list that is a field: no calls, no arithmetic, no attributes of anything but fields, nothing that loads a file.
So time and length are bounded by what goes in, and nothing can be reached that was not handed in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import escape

from core.errors import Invalid

LONGEST = 50_000
LONGEST_OUTPUT = 250_000
MOST_ITEMS = 200
DEEPEST = 20
FILTERS = frozenset(
    [
        "upper",
        "lower",
        "title",
        "capitalize",
        "default",
        "d",
        "trim",
        "urlencode",
        "escape",
        "e",
        "join",
        "first",
        "last",
    ]
)
_PLAIN: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Filter, nodes.If,
    nodes.CondExpr, nodes.For, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
)  # fmt: skip
REFUSED_TEMPLATE = "A text can hold fields like {{ contact.name }}, “if” and “for”, and nothing else: %(what)s."


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its fields; ``missing`` are those that nobody knows, which stand there as ``[contact.name]``."""

    text: str
    missing: tuple[str, ...]


def check_template(source: str) -> None:
    """Raise Invalid for what is no template of this small kind."""
    parse_template(source)


def fill_template(source: str, fields: Mapping[str, Any], *, escapes: bool) -> Filled:
    """The text with its fields, once; ``Template`` is for many."""
    return Template(source, escapes=escapes).fill(fields)


class Template:
    """A text that is filled again and again, by one thread at a time; ``escapes`` values for HTML."""

    def __init__(self, source: str, *, escapes: bool, longest: int = LONGEST) -> None:
        """Raises Invalid as ``check_template``."""
        self.fields = frozenset(_names(tree := parse_template(source, longest=longest)))
        """What it may ask for, ``contact.name`` say."""
        self._unknown: dict[str, None] = {}
        environment = SandboxedEnvironment(undefined=_missing_in(self._unknown), autoescape=escapes, extensions=())
        environment.globals.clear()
        try:
            self._ready = environment.from_string(tree)
        except (TemplateError, TypeError, ValueError) as problem:
            raise _refusal(problem) from problem

    def fill(self, fields: Mapping[str, Any]) -> Filled:
        """The text with its fields: strings, numbers, lists of them and dictionaries of those. Raises Invalid for what
        cannot be filled, and for too long a text."""
        self._unknown.clear()
        given = {
            name: _Fields(name, value) if isinstance(value, Mapping) else _bounded(value)
            for name, value in fields.items()
        }
        out: list[str] = []
        size = 0
        try:
            for piece in self._ready.generate(given):
                out.append(piece)
                size += len(piece)
                if size > LONGEST_OUTPUT:
                    raise Invalid("This text becomes too long.", field="text")
        except (TemplateError, TypeError, ValueError) as problem:
            raise _refusal(problem) from problem
        return Filled("".join(out), tuple(self._unknown))


def _refusal(problem: Exception) -> Invalid:
    return Invalid(REFUSED_TEMPLATE, what=str(problem)[:200], field="text")


def _missing_in(unknown: dict[str, None]) -> type[Undefined]:
    """What stands for a field that nobody knows, and writes it into ``unknown``."""

    class Missing(Undefined):
        """Stands where it is missing, and is remembered."""

        def __getattr__(self, name: str) -> Missing:
            if name.startswith("_"):
                raise AttributeError(name)
            return Missing(name=f"{self._undefined_name}.{name}")

        def __str__(self) -> str:
            stands = self._undefined_obj
            name = f"{stands._name}.{self._undefined_name}" if isinstance(stands, _Fields) else self._undefined_name
            unknown[str(name)] = None
            return f"[{name}]"

        def __html__(self) -> str:
            return str(escape(str(self)))

    return Missing


def _names(tree: nodes.Template) -> Iterator[str]:
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name):
            yield f"{node.node.name}.{node.attr}"
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load":
            yield name.name


class _Fields:
    """What stands behind the dot of a field: as an item, so that no attribute of Python's can be asked for."""

    __slots__ = ("_name", "_values")

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        self._name = name
        self._values = values

    def __getitem__(self, key: str) -> Any:
        value = self._values[key]
        if value in (None, ""):
            raise KeyError(key)
        return _bounded(value)

    def __str__(self) -> str:
        return str(self._values.get("name") or "")


def _bounded(value: Any) -> Any:
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, Sequence):
        return [_bounded(one) for one in value[:MOST_ITEMS]]
    return str(value)


def parse_template(source: str, *, longest: int = LONGEST) -> nodes.Template:
    """The syntax tree of a template of this small kind. Raises Invalid for another."""
    if len(source) > longest:
        raise Invalid("A template has %(most)s characters at most.", most=longest, field="text")
    try:
        tree = SandboxedEnvironment().parse(source)
        for node, depth, loops in _walk(tree, 0, 0):
            problem = _fault(node, depth, loops)
            if problem:
                raise Invalid(REFUSED_TEMPLATE, what=problem, field="text")
    except TemplateSyntaxError as problem:
        raise Invalid(REFUSED_TEMPLATE, what=f"{problem.message} ({problem.lineno})", field="text") from problem
    except (RecursionError, OverflowError, MemoryError) as problem:
        raise Invalid(REFUSED_TEMPLATE, what="((…", field="text") from problem
    return tree


def _walk(node: nodes.Node, depth: int, loops: int) -> Iterator[tuple[nodes.Node, int, int]]:
    yield node, depth, loops
    for child in node.iter_child_nodes():
        yield from _walk(child, depth + 1, loops + isinstance(node, nodes.For))


def _fault(node: nodes.Node, depth: int, loops: int) -> str:
    """What is not allowed about a node, '' for nothing."""
    if not isinstance(node, _PLAIN) or depth > DEEPEST:
        return type(node).__name__.lower()
    if isinstance(node, nodes.Filter) and (node.name not in FILTERS or node.node is None):
        return f"|{node.name}"
    if isinstance(node, nodes.Getattr) and (node.attr.startswith("_") or not isinstance(node.node, nodes.Name)):
        return f".{node.attr}"
    if isinstance(node, nodes.Name) and (node.name.startswith("_") or node.name in ("self", "loop", "caller")):
        return node.name
    if isinstance(node, nodes.For):
        plain = isinstance(node.iter, nodes.Name | nodes.Getattr) and isinstance(node.target, nodes.Name)
        return "" if plain and not node.recursive and loops < 2 else "for"
    return ""
