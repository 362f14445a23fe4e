"""A template cut at its syntax tree: text that is the same for everybody, and holes with a function each. A plain field
is a look-up; whatever else stands there (``if``, ``for``, filters) stays a small template of its own, so the whole
language is kept. Equal holes are one, in all parts of a letter: a value that stands in twenty links is made once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import nodes

from mailhub.campaigns.compiled.language import CONTEXTS, Sandbox, UnfilledError, run

Fill = Callable[[Mapping[str, Any]], str]
Pieces = list[str | int]


class Holes:
    """The holes of all parts of a letter, each with its number."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._numbers: dict[str, int] = {}
        self.fills: list[Fill] = []

    def cut(self, tree: nodes.Template) -> Pieces:
        """The template as texts and numbers of holes, no two texts beside each other."""
        pieces: Pieces = []
        for node in tree.body:
            for one in node.nodes if isinstance(node, nodes.Output) else [node]:
                if not isinstance(one, nodes.TemplateData):
                    pieces.append(self._number(one))
                elif pieces and isinstance(pieces[-1], str):
                    pieces[-1] += one.data
                elif one.data:
                    pieces.append(one.data)
        return pieces

    def _number(self, node: nodes.Node) -> int:
        key = repr(node)
        if key not in self._numbers:
            self._numbers[key] = len(self.fills)
            self.fills.append(_look_up(node) or self._template(node))
        return self._numbers[key]

    def _template(self, node: nodes.Node) -> Fill:
        body = node if isinstance(node, nodes.Stmt) else nodes.Output([node])
        template = nodes.Template([body], lineno=1)
        template.set_environment(self._sandbox)
        root = self._sandbox.from_string(template).root_render_func
        sandbox = self._sandbox
        return lambda values: run(root, sandbox, values)


def _look_up(node: nodes.Node) -> Fill | None:
    """The function for ``{{ name }}`` or ``{{ of.name }}``, with a default or without; None for anything else."""
    if not isinstance(node, nodes.Filter) or node.name not in CONTEXTS or node.node is None:
        return None
    inner, escapes, default = node.node, CONTEXTS[node.name], None
    if isinstance(inner, nodes.Filter) and inner.name in {"default", "d"}:
        constant = inner.args[0] if len(inner.args) == 1 else None
        if inner.kwargs or not isinstance(constant, nodes.Const) or inner.node is None:
            return None
        default, inner = escapes(str(constant.value)), inner.node
    if isinstance(inner, nodes.Name):
        return _of_name(inner.name, escapes, default)
    if isinstance(inner, nodes.Getattr) and isinstance(inner.node, nodes.Name):
        return _of_item(inner.node.name, inner.attr, escapes, default)
    return None


def _of_name(name: str, escapes: Callable[[Any], str], default: str | None) -> Fill:
    def fill(values: Mapping[str, Any]) -> str:
        found = values.get(name)
        if found is not None:
            return escapes(found)
        if default is None:
            raise UnfilledError(f"{name} is not known", field=name)
        return default

    return fill


def _of_item(of: str, name: str, escapes: Callable[[Any], str], default: str | None) -> Fill:
    def fill(values: Mapping[str, Any]) -> str:
        fields = values.get(of)
        found = fields.get(name) if isinstance(fields, dict) else None
        if found is not None:
            return escapes(found)
        if default is None:
            raise UnfilledError(f"{of}.{name} is not known", field=f"{of}.{name}")
        return default

    return fill
