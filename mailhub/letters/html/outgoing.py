"""The HTML that we write ourselves: only what all mail programs show alike, and nothing that came in by paste.

Stricter than what a reader may see of others' letters: no styles, no tables, no remote pictures; a picture is a part of
the letter itself. ``docs/decisions/0006-composer.md`` says why.
"""

import re
from collections.abc import Collection
from html import escape, unescape
from typing import NewType

import nh3

from mailhub.letters.html.links import harmless_target
from mailhub.letters.html.shape import shape

CleanHtml = NewType("CleanHtml", str)
"""What ``clean_outgoing`` returned: nothing else may become part of a letter of ours."""
NO_HTML = CleanHtml("")

TAGS = frozenset({
    "a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "hr", "i", "img", "li", "ol", "p", "pre",
    "s", "strong", "u", "ul",
})  # fmt: skip
_ATTRIBUTES = {"*": {"dir", "lang"}, "a": {"href"}, "img": {"src", "alt", "width", "height"}}
_SCHEMES = {"http", "https", "mailto", "tel", "cid"}
_NUMBER = re.compile(r"\d{1,4}")
_PICTURE = re.compile(r'<img((?: [a-z-]+="[^"]*")*)>')
_SOURCE = re.compile(r' src="cid:([^"]*)"')
_FORMATTED = re.compile(r"<(?!/|div>|br>|p>)")
_ANY_TAG = re.compile(r'<(?:[^">]|"[^"]*")*>')
_QUOTE_LOOK = 'style="margin:0 0 0 2px;padding-left:12px;border-left:2px solid #7c8696"'


def clean_outgoing(html: str, pictures: Collection[str] = ()) -> CleanHtml:
    """What of ``html`` may leave in a letter of ours. ``pictures`` are the Content-IDs of its own parts; a picture of
    any other address goes. Never fails; what it returns it would return unchanged again."""

    def keep(_tag: str, attribute: str, value: str) -> str | None:
        if attribute == "href":
            return harmless_target(value)
        if attribute == "src":
            return value if value.startswith("cid:") and unescape(value[4:]) in pictures else None
        if attribute in ("width", "height"):
            return value if _NUMBER.fullmatch(value) else None
        return value

    clean = nh3.clean(
        shape(html).markup,
        tags=set(TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        url_schemes=_SCHEMES,
        link_rel=None,
    )
    return CleanHtml(_PICTURE.sub(lambda found: found[0] if _SOURCE.search(found[1]) else "", clean))


def pictures_of(html: CleanHtml) -> set[str]:
    """The Content-IDs that clean HTML shows."""
    return {unescape(found) for found in _SOURCE.findall(html)}


def says_something(html: CleanHtml) -> bool:
    """Whether clean HTML holds a word or a picture."""
    return "<img " in html or bool(unescape(_ANY_TAG.sub("", html)).strip())


def has_formats(html: CleanHtml) -> bool:
    """Whether clean HTML says more than its plain text does: what is only lines leaves better as text alone."""
    return _FORMATTED.search(html) is not None


def outgoing_document(html: CleanHtml) -> str:
    """Clean HTML as the document that leaves; quotes look like quotes where a mail program gives them no look."""
    body = html.replace("<blockquote", f"<blockquote {_QUOTE_LOOK}")
    return f'<!doctype html><html><head><meta charset="utf-8"></head><body>{body}</body></html>'


def text_as_html(text: str) -> CleanHtml:
    """Plain text as HTML of the same lines."""
    return CleanHtml("".join(f"<div>{escape(line, quote=False) or '<br>'}</div>" for line in text.splitlines()))


def quote_html(html: CleanHtml) -> CleanHtml:
    """As a quotation."""
    return CleanHtml(f"<blockquote>{html}</blockquote>")


def join_html(*pieces: CleanHtml) -> CleanHtml:
    """One behind the other."""
    return CleanHtml("".join(pieces))
