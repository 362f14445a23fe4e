"""How deep and how large the markup of a letter may be before a tree is built of it: what builds trees of HTML and MJML
overflows its stack on tens of thousands of open tags, and the server with it."""

from __future__ import annotations

from core.errors import Invalid
from mailhub.letters.html.policy import FORMATTING_TAGS, LOOSE_TAGS, UNREAD_TAGS, VOID_TAGS
from mailhub.letters.html.shape import ENDS, TOKEN

DEEPEST, DEEPEST_FORMATTING = 100, 16
MOST_TAGS, MOST_MADE_TAGS = 3_000, 9_000
MOST_REFERENCES, MOST_COMMENTS = 10_000, 1_000
_VOID_IN_MJML = frozenset({"br", "img"})
# What a reader of XML and one of HTML see end in different places.
_UNCLEAR = ("<![", "<!-->", "<!--->", "--!>", "<script", "<style", "<textarea", "<title")


def demand_measure(source: str, most: int = MOST_TAGS) -> None:
    """Raises Invalid for HTML beyond it, of more than ``most`` tags."""
    crowded = source.count("&") > MOST_REFERENCES or source.count("<") > 4 * most + MOST_COMMENTS
    if crowded or source.count("<!--") > max(MOST_COMMENTS, most // 3):
        raise Invalid("This letter has more signs like &amp; or more comments than a letter needs.", field="source")
    opened: list[str] = []
    tags = at = 0
    while token := TOKEN.search(source, at):
        at, name = token.end(), (token["name"] or "").lower()
        if not name or not token["end"]:
            continue
        tags += 1
        if token["close"]:
            _close(opened, name)
        elif name in UNREAD_TAGS:
            ended = ENDS[name].search(source, at)
            at = ended.start() if ended else len(source)
        elif name not in VOID_TAGS and name not in LOOSE_TAGS:  # an open paragraph ends where the next one begins
            opened.append(name)
        formatting = sum(one in FORMATTING_TAGS for one in opened) if name in FORMATTING_TAGS else 0
        if len(opened) > DEEPEST or tags > most or formatting > DEEPEST_FORMATTING:
            raise _beyond()


def demand_measure_of_mjml(source: str) -> None:
    """Raises Invalid for MJML beyond it, and where its readers may not agree."""
    low = source.lower()
    found = next((one for one in _UNCLEAR if one in low), None)
    if found is not None:
        raise Invalid("%(what)s has no place in MJML.", what=f"{found}", field="source")
    opened: list[str] = []
    tags = at = 0
    while token := TOKEN.search(source, at):
        at, name = token.end(), (token["name"] or "").lower()
        if not name:
            continue
        tags += 1
        if token["close"]:
            _close(opened, name)
        elif name not in _VOID_IN_MJML and not token["attributes"].endswith("/"):
            opened.append(name)
        if len(opened) > DEEPEST or tags > MOST_TAGS:
            raise _beyond()


def _close(opened: list[str], name: str) -> None:
    for place in range(len(opened) - 1, -1, -1):
        if opened[place] == name:
            del opened[place:]
            return


def _beyond() -> Invalid:
    sentence = "This letter has more than %(tags)s tags, or tags more than %(deep)s deep in each other."
    return Invalid(sentence, tags=MOST_TAGS, deep=DEEPEST, field="source")
