"""Where in an HTML document a value of a template stands, so that it is escaped for that place: between tags, in an
attribute, at the beginning or inside of a link, in a style. In places for which there is no safe form (scripts, style
sheets, names of tags, attributes without quotes) no value may stand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from jinja2 import nodes

from core.errors import Invalid

Mode = Literal["text", "open", "tag", "attribute", "equals", "value", "loose", "declaration", "comment", "raw"]
_LINKS = frozenset({"href", "src", "action", "formaction", "background", "cite", "poster", "data", "xlink:href"})
_RAW = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes", "plaintext"})
_BLANKS = " \t\n\r\f"
_BEGUN = "<"
"""The word of a comment of which nothing was read."""
_EMPTY = frozenset({_BEGUN + ">", _BEGUN + "->"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader of HTML is: ``quote`` ends the value, ``begun`` says that the value has begun, ``word`` is what
    was read of a name."""

    mode: Mode = "text"
    tag: str = ""
    attribute: str = ""
    quote: str = ""
    begun: bool = False
    word: str = ""


def feed(place: Place, text: str) -> Place:
    """Where one is after more of a document."""
    at = 0
    while at < len(text):
        place, at = _STEPS[place.mode](place, text, at)
    return place


def _in_text(place: Place, text: str, at: int) -> tuple[Place, int]:
    found = text.find("<", at)
    return (place, len(text)) if found < 0 else (Place("open"), found + 1)


def _in_open(place: Place, text: str, at: int) -> tuple[Place, int]:
    """After ``<``, in the name of the tag or what stands instead."""
    char = text[at]
    word = place.word
    if not word and not (char.isascii() and (char.isalpha() or char in "/!?")):
        return Place(), at
    if word in {"", "!", "!-"} and char in "!-?":
        word += char
        if word == "!--":
            return Place("comment", word=_BEGUN), at + 1
        return (Place("declaration"), at + 1) if word == "?" else (replace(place, word=word), at + 1)
    if word in {"!", "!-"}:
        return Place("declaration"), at
    if char in _BLANKS or char == ">" or (char == "/" and word):
        return Place("tag", tag=word.lower()), at
    return replace(place, word=word + char), at + 1


def _in_tag(place: Place, text: str, at: int) -> tuple[Place, int]:
    char = text[at]
    if char == ">":
        return (Place("raw", tag=place.tag) if place.tag in _RAW else Place()), at + 1
    if char in _BLANKS or char == "/":
        return place, at + 1
    return Place("attribute", tag=place.tag), at


def _in_attribute(place: Place, text: str, at: int) -> tuple[Place, int]:
    char = text[at]
    if char == "=" and place.word:
        return Place("equals", tag=place.tag, attribute=place.word.lower()), at + 1
    if char == ">" or char in _BLANKS or char == "/":
        rest = text[at:].lstrip(_BLANKS)
        if char in _BLANKS and rest[:1] == "=":
            return place, at + len(text[at:]) - len(rest)
        return Place("tag", tag=place.tag), at
    return replace(place, word=place.word + char), at + 1


def _in_equals(place: Place, text: str, at: int) -> tuple[Place, int]:
    char = text[at]
    if char in _BLANKS:
        return place, at + 1
    if char in "\"'":
        return Place("value", tag=place.tag, attribute=place.attribute, quote=char), at + 1
    return Place("loose", tag=place.tag), at


def _in_value(place: Place, text: str, at: int) -> tuple[Place, int]:
    found = text.find(place.quote, at)
    if found >= 0:
        return Place("tag", tag=place.tag), found + 1
    return replace(place, begun=place.begun or bool(text[at:].strip())), len(text)


def _in_loose(place: Place, text: str, at: int) -> tuple[Place, int]:
    return (Place("tag", tag=place.tag), at) if text[at] == ">" or text[at] in _BLANKS else (place, at + 1)


def _in_declaration(place: Place, text: str, at: int) -> tuple[Place, int]:
    found = text.find(">", at)
    return (place, len(text)) if found < 0 else (Place(), found + 1)


def _in_comment(place: Place, text: str, at: int) -> tuple[Place, int]:
    """A comment that asks which program reads it (``<!--[if mso]>``) holds HTML for that program. One ends at ``-->``
    and ``--!>``, and is empty where it begins with ``>`` or ``->`` (HTML 13.2.5.43 and what follows)."""
    if place.word == _BEGUN and text[at] == "[":
        return Place("declaration"), at
    known = place.word + text[at]
    if known in _EMPTY or known.endswith(("-->", "--!>")):
        return Place(), at + 1
    return replace(place, word=known[-3:]), at + 1


def _in_raw(place: Place, text: str, at: int) -> tuple[Place, int]:
    char = text[at].lower()
    end = f"</{place.tag}"
    word = place.word + char
    if word == end:
        return Place("tag", tag="/" + place.tag), at + 1
    return replace(place, word=word if end.startswith(word) else char if char == "<" else ""), at + 1


_STEPS = {
    "text": _in_text,
    "open": _in_open,
    "tag": _in_tag,
    "attribute": _in_attribute,
    "equals": _in_equals,
    "value": _in_value,
    "loose": _in_loose,
    "declaration": _in_declaration,
    "comment": _in_comment,
    "raw": _in_raw,
}


def escape_html(tree: nodes.Template) -> None:
    """Let every value of a template of HTML be escaped for where it stands. Raises Invalid for a place in which none
    may stand, and for branches that end in different places."""
    _Walk().body(tree.body, Place())


def escape_plain(tree: nodes.Template) -> None:
    """The same for text that nobody interprets."""
    for output in tree.find_all(nodes.Output):
        output.nodes = [one if isinstance(one, nodes.TemplateData) else _filter(one, "_plain") for one in output.nodes]


class _Walk:
    """Through a template in the order in which it is written."""

    def __init__(self) -> None:
        self._near = ""

    def body(self, children: list[nodes.Node], place: Place) -> Place:
        for child in children:
            if isinstance(child, nodes.Output):
                place = self._output(child, place)
            elif isinstance(child, nodes.If):
                place = self._if(child, place)
            elif isinstance(child, nodes.For):
                place = self._for(child, place)
        return place

    def _output(self, node: nodes.Output, place: Place) -> Place:
        made: list[nodes.Expr] = []
        for one in node.nodes:
            if isinstance(one, nodes.TemplateData):
                place = feed(place, one.data)
                self._near = one.data[-40:]
                made.append(one)
            else:
                made.append(_filter(one, self._choose(place)))
                if place.mode == "value":
                    place = replace(place, begun=True)
                elif place.mode == "comment":
                    place = replace(place, word="")
        node.nodes = made
        return place

    def _if(self, node: nodes.If, place: Place) -> Place:
        ends = [self.body(node.body, place)]
        ends += [self.body(other.body, place) for other in node.elif_]
        ends.append(self.body(node.else_, place))
        return self._same(ends)

    def _for(self, node: nodes.For, place: Place) -> Place:
        again = replace(place, begun=True) if place.mode == "value" else place
        ends = [again, self.body(node.body, again), self.body(node.else_, place)]
        return self._same(ends)

    def _same(self, ends: list[Place]) -> Place:
        """All branches end in one place; a value that has begun in one of them has begun."""
        begun = any(end.begun for end in ends)
        places = {replace(end, begun=begun) for end in ends}
        if len(places) > 1:
            raise Invalid(
                "What stands between “if” and “endif” has to open and close the same tags and quotes (“%(near)s”).",
                near=self._near.strip()[-30:],
                field="html",
            )
        return places.pop()

    def _choose(self, place: Place) -> str:
        if place.mode in {"text", "comment"}:
            return f"_{place.mode}"
        if place.mode == "value" and not place.attribute.startswith("on"):
            if place.attribute in _LINKS:
                return "_link" if place.begun else "_address"
            return "_style" if place.attribute == "style" else "_text"
        raise Invalid(
            "A field cannot stand here: “%(near)s”. Write it between tags or in an attribute with quotes, not in a "
            "script, a style sheet or the name of anything.",
            near=self._near.strip()[-30:],
            field="html",
        )


def _filter(expression: nodes.Expr, name: str) -> nodes.Filter:
    inner = expression
    if name == "_link" and isinstance(inner, nodes.Filter) and inner.name == "urlencode" and inner.node is not None:
        inner = inner.node  # it is done once
    return nodes.Filter(inner, name, [], [], None, None)
