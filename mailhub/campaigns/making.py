"""What somebody wrote becomes a letter with fields: HTML that mail programs show alike, and plain text. Pure.

Fields (``{{ contact.name }}``) and conditions are put aside while Markdown and HTML are worked on, and stand in the
result as they were written, for ``templating`` to fill.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape
from typing import Literal, get_args

import css_inline
import nh3
from markdown_it import MarkdownIt

from core.errors import Invalid
from mailhub.campaigns.bounding import MOST_MADE_TAGS, MOST_TAGS, demand_measure
from mailhub.campaigns.compiled import Source, Texts
from mailhub.campaigns.marking import mjml_to_html
from mailhub.letters.plain import html_to_text
from mailhub.templating import Template

Format = Literal["markdown", "mjml", "html", "plain"]
FORMATS: tuple[Format, ...] = get_args(Format)
LEAVE = "unsubscribe"
"""The field that holds the address at which a reader leaves."""
LONGEST_SOURCE, LONGEST_MADE = 200_000, 400_000
LONGEST_SUBJECT = 300
_FIELD = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_PUT_ASIDE = re.compile(r"<!--mh([0-9]{1,6})-->|zqmh([0-9]{1,6})hmqz")
_ALONE = re.compile(r"<p>\s*(zqmh\d+hmqz)\s*</p>")
_LINK = re.compile(r"<a\s[^>]*?href=\"([^\"]*)\"[^>]*>(.*?)</a>", re.DOTALL | re.IGNORECASE)
_HREF = re.compile(r"<a\s[^>]*?href=\"([^\"]*)\"", re.IGNORECASE)
_PICTURE = re.compile(r"<img\s[^>]*>", re.IGNORECASE)
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_FOREIGN = re.compile(r"</|@import|url\(", re.IGNORECASE)
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "center", "code", "div", "em", "font", "h1", "h2", "h3", "h4", "hr", "i",
    "img", "li", "ol", "p", "pre", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "u", "ul",
}  # fmt: skip
_LOOKS = {"style", "class", "align", "valign", "width", "height", "bgcolor", "dir", "lang", "title", "role"}
_ATTRIBUTES = {
    "*": _LOOKS,
    "a": {"href", "target", "name"},
    "img": {"src", "alt", "border"},
    "table": {"cellpadding", "cellspacing", "border"},
    "td": {"colspan", "rowspan", "background"},
    "th": {"colspan", "rowspan"},
    "font": {"color", "face", "size"},
}
_PAGE = (
    '<!doctype html><html{lang}><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark">{style}</head><body style="margin:0">{body}</body></html>'
)
_SHEET = (
    '<div style="max-width:600px;margin:0 auto;padding:24px 20px;'
    "font:16px/1.55 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif\">{body}</div>"
)
_FOOT = '<p style="margin-top:32px;font-size:13px;line-height:1.5;color:#626c7c">{words} <a href="{{{{ {leave} }}}}" style="color:#626c7c">{link}</a></p>'  # noqa: E501
_LOOK = {
    "<h1>": '<h1 style="font-size:24px;line-height:1.3;margin:24px 0 12px">',
    "<h2>": '<h2 style="font-size:20px;line-height:1.3;margin:24px 0 8px">',
    "<table>": '<table style="border-collapse:collapse">',
    "<td>": '<td style="padding:6px 12px 6px 0;border-bottom:1px solid #e4e7ec">',
    "<th>": '<th style="padding:6px 12px 6px 0;text-align:left;border-bottom:2px solid #d0d6df">',
    "<blockquote>": '<blockquote style="margin:16px 0;padding-left:12px;border-left:3px solid #d0d6df">',
    "<img ": '<img style="max-width:100%;height:auto" ',
}


@dataclass(frozen=True, slots=True)
class Foot:
    """How a letter ends that says nothing of leaving itself: why one gets it, and the word to click on."""

    words: str
    link: str


@dataclass(frozen=True, slots=True)
class Made:
    """A letter with its fields still in it; ``html`` is empty for plain text. ``links`` are the addresses in it, each
    once, ``bare`` how many pictures have no text for those who do not see them."""

    subject: str
    html: str
    plain: str
    links: tuple[str, ...]
    bare: int

    @property
    def can_leave(self) -> bool:
        """Whether both parts tell how to leave."""
        return all(
            LEAVE in Template(part, escapes=False, longest=LONGEST_MADE).fields
            for part in (self.html or self.plain, self.plain)
        )


def make_letter(form: Format, subject: str, source: str, foot: Foot | None, language: str = "") -> Made:
    """Make it; without a ``foot`` nobody leaves by it. Raises Invalid for what cannot be a letter: fields that are none
    or stand where none may, too much."""
    subject = " ".join(subject.split())
    if len(subject) > LONGEST_SUBJECT:
        raise Invalid("A subject has %(most)s characters at most.", most=LONGEST_SUBJECT, field="subject")
    if len(source) > LONGEST_SOURCE:
        raise Invalid("A letter has %(most)s characters at most.", most=LONGEST_SOURCE, field="source")
    source = source.replace("\r\n", "\n")
    html = "" if form == "plain" else _html_of(form, source, foot, language)
    plain = _plain_of(html) if html else _ended(source, foot)
    for part in (subject, html, plain):
        Template(part, escapes=False, longest=LONGEST_MADE)
    Texts(Source(subject, plain, html))  # no field where none may stand
    links = tuple(dict.fromkeys(unescape(found) for found in _HREF.findall(html)))
    bare = sum('alt="' not in found for found in _PICTURE.findall(html))
    return Made(subject, html, plain, links, bare)


def _html_of(form: Format, source: str, foot: Foot | None, language: str) -> str:
    lang = f' lang="{escape(language)}"' if language else ""
    if form == "markdown":
        body = _markdown(source)
        if foot is not None and not _leaves(source):
            body += _FOOT.format(words=escape(foot.words), leave=LEAVE, link=escape(foot.link))
        return _PAGE.format(lang=lang, style="", body=_SHEET.format(body=body))
    aside = _Aside()
    taken = aside.take_from_html(source)
    if form == "mjml":
        taken = mjml_to_html(taken, LONGEST_MADE)
    demand_measure(taken, MOST_MADE_TAGS if form == "mjml" else MOST_TAGS)
    inlined = _INLINER.inline(taken)
    kept = "".join(one for one in _STYLE.findall(inlined) if "@media" in one and not _FOREIGN.search(one))
    body = nh3.clean(
        inlined, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel=None, strip_comments=False, clean_content_tags={"script", "style", "title"},
    )  # fmt: skip
    return aside.give_back(_PAGE.format(lang=lang, style=f"<style>{kept}</style>" if kept else "", body=body))


def _markdown(source: str) -> str:
    aside = _Aside()
    html = _MARKDOWN.render(aside.take(source))
    for plain, look in _LOOK.items():
        html = html.replace(plain, look)
    return aside.give_back(_ALONE.sub(lambda one: one[1] if aside.is_statement(one[1]) else one[0], html))


def _plain_of(html: str) -> str:
    """The words of the HTML, with the address of each link behind it."""

    def told(found: re.Match[str]) -> str:
        href, words = found[1], found[2]
        return words if unescape(href).removeprefix("mailto:") == html_to_text(words) else f"{words} ({href})"

    aside = _Aside()
    return aside.give_back(html_to_text(_LINK.sub(told, aside.take(html)).replace("<!doctype html>", "")))


def _leaves(source: str) -> bool:
    return any(LEAVE in found for found in _FIELD.findall(source))


def _ended(source: str, foot: Foot | None) -> str:
    if foot is None or _leaves(source):
        return source
    return f"{source.rstrip()}\n\n{foot.words}\n{foot.link}: {{{{ {LEAVE} }}}}\n"


class _Aside:
    """Fields and conditions of a text, each behind a word that nothing touches."""

    def __init__(self) -> None:
        self._taken: list[str] = []

    def take(self, text: str) -> str:
        """The text with words in their place."""
        return _FIELD.sub(lambda found: f"zqmh{self._keep(found[0])}hmqz", text)

    def take_from_html(self, text: str) -> str:
        """The same; a condition between tags becomes a comment, which may stand between the rows of a table too."""

        def put(found: re.Match[str]) -> str:
            number = self._keep(found[0])
            between = text.rfind("<", 0, found.start()) <= text.rfind(">", 0, found.start())
            return f"<!--mh{number}-->" if between and found[0].startswith("{%") else f"zqmh{number}hmqz"

        return _FIELD.sub(put, text)

    def give_back(self, text: str) -> str:
        """The text with fields again; what somebody wrote that only looks like a place of one stays."""
        return _PUT_ASIDE.sub(lambda found: self._find(found) or found[0], text)

    def is_statement(self, word: str) -> bool:
        """Whether a condition stands behind this word."""
        found = _PUT_ASIDE.fullmatch(word)
        return found is not None and self._find(found).startswith("{%")

    def _find(self, found: re.Match[str]) -> str:
        number = int(found[1] or found[2])
        return self._taken[number] if number < len(self._taken) else ""

    def _keep(self, text: str) -> int:
        self._taken.append(text)
        return len(self._taken) - 1
