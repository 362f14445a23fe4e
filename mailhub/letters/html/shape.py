"""A letter's markup brought into a shape that no later reader chokes on, whatever was sent.

Tree builders have bad corners that a few kilobytes reach: 100,000 open <div> take html5ever 20 s (every tag
walks the stack), 20,000 overflow the stack of css-inline, unclosed <font> are re-opened in each paragraph, a
million "&" in one piece of text or one attribute take it half a minute.
So the tokens are read here first, by the rules of HTML's own tokenizer, and only allowed tags are written
again: balanced, at most DEEPEST deep, at most MOST_TAGS many. Comments (Outlook's conditional ones too),
foreign content and raw text do not pass, so what follows has one reading only.
"""

import re
from dataclasses import dataclass

from mailhub.letters.html.policy import (
    CELL_TAGS,
    DEEPEST,
    DEEPEST_FORMATTING,
    FORMATTING_TAGS,
    LOOSE_TAGS,
    MOST_CHARACTERS,
    MOST_TAGS,
    TAGS,
    UNREAD_TAGS,
    VOID_TAGS,
)

# HTML 13.2.5: every alternative ends at its delimiter or at the end of the letter, so nothing is read twice.
TOKEN = re.compile(
    r"""
    <!--(?: -?> | .*? (?: --!?> | \Z ) )
    | <[!?] [^>]*+ (?: > | \Z )
    | </ (?![A-Za-z]) [^>]*+ (?: > | \Z )
    | < (?P<close>/?) (?P<name> [A-Za-z] [^\t\n\f\r\ />]*+ )
      (?P<attributes> (?:
        [\t\n\f\r\ /]++
        | [^\t\n\f\r\ />] [^\t\n\f\r\ />=]*+
          (?: [\t\n\f\r\ ]*+ = [\t\n\f\r\ ]*+
              (?: "[^"]*+ (?: " | \Z ) | '[^']*+ (?: ' | \Z ) | (?!["']) [^\t\n\f\r\ >]++ )? )?
      )*+ )
      (?P<end> > | \Z )
    """,
    re.DOTALL | re.VERBOSE,
)
# More character references than a letter has between two tags; an element nobody keeps divides a longer run.
MOST_REFERENCES = 1000
_DIVIDER = "<param>"
_LONG_RUN = re.compile(rf"(?:&[^&]*+){{{MOST_REFERENCES}}}(?=&)")
ENDS = {name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE) for name in UNREAD_TAGS}
_PRINT_ONLY = re.compile(r"""media\s*=\s*["']?\s*print\s*["'\s>/]""", re.IGNORECASE)


@dataclass(frozen=True)
class Shaped:
    """Markup of allowed tags only, with the attributes as they came; the text of its style elements; the
    attributes of its <body>; whether something was left out for its size."""

    markup: str
    css: str
    body: str
    tags: int
    cut: bool


class _Writer:
    def __init__(self) -> None:
        self.out: list[str] = []
        self.open: list[str] = []
        self.formatting = 0
        self.references = 0

    def start(self, name: str, written: str) -> None:
        if name in CELL_TAGS:
            if "table" not in self.open:
                return
            self._close_above("table")
        elif name not in VOID_TAGS and name not in LOOSE_TAGS:
            too_many = name in FORMATTING_TAGS and self.formatting >= DEEPEST_FORMATTING
            if too_many or len(self.open) >= DEEPEST:
                return
            self.open.append(name)
            self.formatting += name in FORMATTING_TAGS
        self.out.append(written)

    def end(self, name: str) -> None:
        if name in CELL_TAGS:
            if "table" in self.open:
                self._close_above("table")
                self.out.append(f"</{name}>")
        elif name in VOID_TAGS or name in LOOSE_TAGS:
            self.out.append("<br>" if name == "br" else f"</{name}>")
        else:
            for opened in reversed(self.open):
                if opened == name:
                    self._close_above(name)
                    self._close()
                elif opened != "table":
                    continue
                return

    def _close(self) -> None:
        name = self.open.pop()
        self.formatting -= name in FORMATTING_TAGS
        self.out.append(f"</{name}>")

    def _close_above(self, name: str) -> None:
        while self.open[-1] != name:
            self._close()

    def text(self, text: str) -> None:
        # What stood between two pieces of text may be gone: they must not become a tag together.
        text = text.replace("<", "&lt;")
        self.references += text.count("&")
        if self.references > MOST_REFERENCES:
            text, self.references = _DIVIDER + _LONG_RUN.sub(rf"\g<0>{_DIVIDER}", text), 0
        self.out.append(text)

    def finish(self) -> str:
        while self.open:
            self._close()
        return "".join(self.out)


def shape(html: str) -> Shaped:
    """Linear in the letter's length; words beyond MOST_TAGS stay, their markup goes; what lies beyond
    MOST_CHARACTERS is left out and `cut` says so."""
    cut = len(html) > MOST_CHARACTERS
    html = html[:MOST_CHARACTERS]
    writer, css, body, tags, at = _Writer(), list[str](), "", 0, 0
    while token := TOKEN.search(html, at):
        writer.text(html[at : token.start()])
        at = token.end()
        name = (token["name"] or "").lower()
        if not name or not token["end"]:
            continue
        if name in UNREAD_TAGS and not token["close"]:
            ended = ENDS[name].search(html, at)
            if name == "style" and not _PRINT_ONLY.search(token.group()):
                css.append(html[at : ended.start() if ended else len(html)])
            at = ended.start() if ended else len(html)
        elif name == "body" and not token["close"]:
            body = body or token["attributes"]
        elif name in TAGS and tags < MOST_TAGS:
            tags += 1
            if token["close"]:
                writer.end(name)
            else:
                crowded = token["attributes"].count("&") > MOST_REFERENCES
                cut = cut or crowded
                writer.start(name, f"<{name}>" if crowded else token.group())
    writer.text(html[at:])
    return Shaped(writer.finish(), "\n".join(css), body, tags, cut or tags >= MOST_TAGS)
