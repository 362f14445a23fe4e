"""MJML becomes HTML that all mail programs lay out alike. Nothing is included and nothing is fetched."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any

from core.errors import Invalid
from mailhub.campaigns.bounding import demand_measure_of_mjml

_AT = re.compile(r"position (\d+)")


def mjml_to_html(source: str, longest: int) -> str:
    """The whole document. Raises Invalid, with the line where it can be said, and beyond ``longest`` characters."""
    demand_measure_of_mjml(source)
    try:
        html = str(_render(source).content)
    except OSError as problem:
        found = _AT.search(str(problem))
        if found is None:
            raise Invalid("This MJML cannot be read. Look for a tag that is not closed.", field="source") from problem
        line = source.encode()[: int(found[1])].count(b"\n") + 1
        raise Invalid("This MJML cannot be read at line %(line)s.", line=line, field="source") from problem
    if len(html) > longest:
        raise Invalid("This letter is too large when it is made: %(size)s characters.", size=len(html), field="source")
    return html


def _render(source: str) -> Any:
    library, parsing, rendering = _load()
    return library.to_html(source, parser_options=parsing, render_options=rendering)


@cache
def _load() -> tuple[Any, Any, Any]:
    """The library, with the first letter that needs it, and how it is used: nothing is included, and no font is named,
    since what a letter fetches from elsewhere tells who opened it."""
    library = import_module("mrml")
    return library, library.ParserOptions(include_loader=library.noop_loader()), library.RenderOptions(fonts={})
