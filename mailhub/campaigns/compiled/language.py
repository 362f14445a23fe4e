"""The sandbox that templates of letters run in: fields are items of dictionaries and nothing else, so that no attribute
of Python's can be reached and nothing can be called. A field that nobody knows is an error, not a blank: whoever would
read “Dear ,” is held instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from jinja2 import TemplateError, Undefined, nodes
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from mailhub.letters.clean import body_text
from mailhub.templating import FILTERS, MOST_ITEMS, parse_template

LONGEST_SOURCE = 500_000
LONGEST_OUTPUT = 1_000_000
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_SCHEME = re.compile(r"[^/?#]*?:")
_NO_CSS = re.compile(r"[^A-Za-z0-9#%., -]")


class UnfilledError(Exception):
    """The letter cannot be filled for this recipient; ``field`` is what is not known, or '' when it is something else.
    The recipient is held until somebody fills it in or gives the template a default."""

    def __init__(self, why: str, *, field: str = "") -> None:
        super().__init__(why)
        self.field = field


class Missing(Undefined):
    """A field that nobody knows: false, empty, may have a default, and cannot be written."""

    __slots__ = ()

    def __str__(self) -> str:
        raise UnfilledError(f"{self._undefined_name} is not known", field=str(self._undefined_name))

    __html__ = __str__


class Fields(dict[str, Any]):
    """What is behind the dot of ``name``."""

    __slots__ = ("name",)
    name: str


class Sandbox(SandboxedEnvironment):
    """Items of dictionaries, no attributes, no calls."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping):
            found = obj.get(argument)
            if found is None:
                return Missing(name=f"{obj.name}.{argument}" if isinstance(obj, Fields) and obj.name else str(argument))
            return found
        name = f"{obj._undefined_name}.{argument}" if isinstance(obj, Missing) else str(argument)
        return Missing(name=name)

    def is_safe_callable(self, _obj: Any) -> bool:
        return False


def in_text(value: Any) -> str:
    """For HTML between tags and in quoted attributes."""
    return str(escape(plain(value)))


def in_comment(value: Any) -> str:
    """For the inside of a comment: never empty, and nothing that helps to end it."""
    return f" {in_text(value).replace('-', ' ')}"


def in_style(value: Any) -> str:
    """For the attribute ``style``: nothing that ends a declaration or loads anything."""
    return _NO_CSS.sub("", plain(value))


def in_address(value: Any) -> str:
    """For the beginning of a link: one that leads elsewhere than web, mail and telephone becomes ``#``."""
    text = "".join(plain(value).split())
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[0][:-1].lower() not in SCHEMES:
        return "#"
    return str(escape(quote(text, safe="%/:?#[]@!$&'()*+,;=~")))


def in_link(value: Any) -> str:
    """For the inside of a link."""
    return quote(plain(value), safe="@")


def plain(value: Any) -> str:
    """For text that nobody interprets. What a template escaped itself is escaped once all the same."""
    return value.unescape() if isinstance(value, Markup) else str(value)


CONTEXTS = {
    "_text": in_text, "_comment": in_comment, "_style": in_style, "_address": in_address, "_link": in_link,
    "_plain": plain,
}  # fmt: skip


def make_sandbox() -> Sandbox:
    """An environment of its own for the templates of one letter."""
    sandbox = Sandbox(undefined=Missing, autoescape=False, extensions=())
    sandbox.globals.clear()
    known = {name: filter_ for name, filter_ in sandbox.filters.items() if name in FILTERS}
    sandbox.filters.clear()
    sandbox.filters.update({**known, **CONTEXTS})
    return sandbox


def parse(source: str) -> nodes.Template:
    """The syntax tree of a template of the small kind that people may write, ended by one line end where it is not
    empty. Raises Invalid."""
    text = body_text(source)
    tree = parse_template(text, longest=LONGEST_SOURCE)
    if text:  # the parser drops the last one
        tree.body.append(nodes.Output([nodes.TemplateData("\n")]))
    return tree


def clean_values(values: Mapping[str, Any], name: str = "") -> Fields:
    """What a template may say of a recipient: strings without controls, numbers, lists and dictionaries of those.
    What is None or '' is not known, and left out."""
    fields = Fields({key: found for key, value in values.items() if (found := _clean(value, key)) is not None})
    fields.name = name
    return fields


def _clean(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return (value if value.isprintable() else body_text(value)) or None
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return clean_values(value, name)
    if isinstance(value, Sequence):
        return [found for one in value[:MOST_ITEMS] if (found := _clean(one, name)) is not None]
    return str(value)


def render(sandbox: Sandbox, tree: nodes.Template, values: Mapping[str, Any]) -> str:
    """A whole template at once, as Jinja does it: what the compiled one has to be equal to. ``values`` are clean.
    Raises UnfilledError."""
    return run(sandbox.from_string(tree).root_render_func, sandbox, values)


def run(root: Any, sandbox: Sandbox, values: Mapping[str, Any]) -> str:
    """Run the code of a template. Raises UnfilledError."""
    context = sandbox.context_class(sandbox, dict(values), None, {})
    out: list[str] = []
    size = 0
    try:
        for piece in root(context):
            out.append(piece)
            size += len(piece)
            if size > LONGEST_OUTPUT:
                raise UnfilledError("the letter becomes too long")
    except (TemplateError, TypeError, ValueError) as problem:
        raise UnfilledError(str(problem)[:200]) from problem
    return "".join(out)
