"""One line that says what a letter is about: the first thing its writer wrote that is no greeting."""

from __future__ import annotations

import re

from mailhub.letters import limits

_GREETING = re.compile(
    r"^(?:(?:dear|hi|hello|hey|greetings|good (?:morning|day|afternoon|evening)|добрий (?:день|ранок|вечір)|"
    r"доброго (?:дня|ранку|вечора)|"
    r"вітаю|вітаємо|привіт|шановн\w+|здравствуйте|здравствуй|привет|добрый (?:день|вечер)|доброе утро|"
    r"доброго времени суток|"
    r"уважаем\w+|здравейте|здравей|добър ден|добро утро|добър вечер|уважаем\w+|kính gửi|kính chào|xin chào|chào|"
    r"thân gửi|"
    r"guten (?:tag|morgen|abend)|hallo|sehr geehrte\w*|liebe\w*|bonjour|bonsoir|madame|monsieur|hola|buenos días|"
    r"buenas tardes|"
    r"estimad\w+|dzień dobry|szanown\w+|cześć|witam)\b[^.!?\n]{0,60}[,.!:…]*)$",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:dear|hi|hello|hey|good (?:morning|day|afternoon|evening)|добрий (?:день|ранок|вечір)|доброго (?:дня|ранку|"
    r"вечора)|вітаю|"
    r"привіт|здравствуйте|привет|добрый (?:день|вечер)|доброе утро|здравейте|здравей|добър ден|добро утро|xin chào|"
    r"chào|kính gửi|"
    r"kính chào|guten (?:tag|morgen)|hallo|bonjour|hola|dzień dobry)\b[^.!?,\n]{0,40}[.!,]+\s+(?=\S)",
    re.IGNORECASE,
)
_ENOUGH = re.compile(r"\w")


def find_excerpt(reply: str, text: str) -> str:
    """The first line of ``reply`` (else of ``text``) behind the greeting, with what follows it, at most 200
    characters."""
    return _excerpt(reply) or _excerpt(text)


def _excerpt(text: str) -> str:
    lines = text[: 20 * limits.EXCERPT_CHARS].split("\n")
    words: list[str] = []
    size = 0
    for line in lines:
        shown = " ".join(line.split())
        if not _ENOUGH.search(shown) or shown.startswith(">") or (not words and _GREETING.match(shown)):
            continue
        if not words:
            shown = _LEAD.sub("", shown, count=1)
        words.append(shown)
        size += len(shown) + 1
        if size > limits.EXCERPT_CHARS:
            break
    joined = " ".join(words)
    if len(joined) <= limits.EXCERPT_CHARS:
        return joined
    return joined[: limits.EXCERPT_CHARS - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
