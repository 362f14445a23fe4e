"""Authentication-Results: what a server of our own wrote down about a letter. RFC 8601.

Anybody can write such a line. It is believed only when it names a server that the way of the letter is trusted for and
stands on top of all others, so that it came after everything the sender could write; our own provider removes what
bears its name. Which lines are shown to ``believe`` at all is decided by ``routing.verdicts``.

Names of servers are patterns: ``mx.firm.example`` is that very one, ``.firm.example`` every one below, and ``-`` stands
for lines that name nobody, as Microsoft writes them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mailhub.letters.alignment import find_aligned, is_aligned, organisation
from mailhub.letters.proof.evidence import Trace
from mailhub.letters.verdicts import UNKNOWN, Verdicts

MOST_RESULTS = 40
NAMELESS = "-"
_WORDS = frozenset({"pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror"})
_OTHER_WORDS = {"hardfail": "fail", "error": "temperror", "unknown": "permerror", "bestguesspass": "none"}
_METHOD = re.compile(r"\s*([a-z][a-z0-9-]*)\s*(?:/\s*[0-9]+\s*)?=\s*([a-z]+)(?=\s|\Z)(.*)", re.IGNORECASE | re.DOTALL)
_PROPERTY = re.compile(r'([a-z]+)\s*\.\s*([a-z][a-z0-9-]*)\s*=\s*("[^"]*"[^\s"]*|[^\s"]+)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Result:
    """One method and its outcome, with its properties such as ``header.d``."""

    method: str
    word: str
    properties: dict[str, str]


def parse_results(value: str) -> tuple[str, list[Result]]:
    """The server's id in lower case ('' for a line without one) and what it found. Linear in ``value``."""
    pieces = _split(value)
    nameless = "=" in pieces[0]
    server = "" if nameless else (pieces[0].split() or [""])[0].strip('"').lower()
    found = []
    for piece in pieces[:MOST_RESULTS] if nameless else pieces[1 : MOST_RESULTS + 1]:
        match = _METHOD.fullmatch(piece)
        if match is not None:
            word = match[2].lower()
            found.append(Result(match[1].lower(), _OTHER_WORDS.get(word, word), _properties(match[3])))
    return server, found


def _properties(text: str) -> dict[str, str]:
    """What is told twice and differently says nothing: a name that the sender chose may hold a blank and more."""
    found: dict[str, str] = {}
    for kind, name, told in _PROPERTY.findall(text):
        key, value = f"{kind}.{name}".lower(), told.strip('"')
        found[key] = value if found.get(key, value) == value else ""
    return found


def is_named(server: str, names: Collection[str]) -> bool:
    """Is this authserv-id one of the names, or below one that begins with a dot? '' is ``-``."""
    if not server:
        return NAMELESS in names
    if server == NAMELESS or server.startswith("."):
        return False  # it would be a pattern itself
    return server in names or any(name.startswith(".") and server.endswith(name) for name in names)


def believe(traces: Sequence[Trace], trusted: Collection[str], domain: str) -> Verdicts | None:
    """What a trusted server found, None where none of them spoke last. ``domain`` is that of From ('' for none).

    The topmost line of all must be of a trusted server; lines of trusted ones directly below it, before the next
    ``Received``, belong to it where they tell of methods that no line above them told of.
    """
    source: str | None = None
    results: list[Result] = []
    for trace in traces:
        if trace.name == "received" and source is not None:
            break
        if trace.name != "authentication-results":
            continue
        server, found = parse_results(trace.value)
        if not is_named(server, trusted):
            if source is None:
                return None
            break
        source = server if source is None else source
        told = {one.method for one in results}
        results += [one for one in found if one.method not in told]
    return None if source is None else _summed(results, domain, source or NAMELESS)


def find_offered(traces: Sequence[Trace]) -> str:
    """The authserv-id of the topmost line, '' where there is none: who would have to be believed."""
    for trace in traces:
        if trace.name == "authentication-results":
            server, found = parse_results(trace.value)
            return server if found and "." in server and len(server) <= 253 else ""
    return ""


def believe_sealer(sealer: str, results: str, trusted: Collection[str], domain: str) -> Verdicts | None:
    """What a trusted server found before it handed a letter on under its own seal (RFC 8617 §7.2.1): a mailing list or
    a forwarder breaks what proved the letter. The seal must have held; None where the last sealer is not trusted."""
    server, found = parse_results(results)
    if not server or not is_named(server, trusted) or organisation(server) != organisation(sealer):
        return None
    return _summed(found, domain, server)


def _summed(results: list[Result], domain: str, source: str) -> Verdicts:
    spf = _first(results, "spf")
    dkim = [result for result in results if result.method == "dkim" and result.word in _WORDS]
    dmarc = _first(results, "dmarc")
    by_spf = _domain_of(spf.properties.get("smtp.mailfrom", "")) if spf and spf.word == "pass" else ""
    by_dkim = [_signer(one) for one in dkim if one.word == "pass"]
    aligned = find_aligned(domain, by_spf, by_dkim)
    checked = dmarc.properties.get("header.from", domain) if dmarc else domain
    word = dmarc.word if dmarc else UNKNOWN
    if not is_aligned(checked, domain):
        word = UNKNOWN  # it speaks of another From than ours
    elif word == "pass":
        aligned = aligned or domain.lower()
    elif word == "fail":
        aligned = ""  # by the strict alignment that its domain asks for
    arc = _first(results, "arc")
    return Verdicts(
        spf=spf.word if spf else UNKNOWN,
        dkim=best([one.word for one in dkim]) if dkim else UNKNOWN,
        dmarc=word,
        arc=arc.word if arc else UNKNOWN,
        domain=aligned,
        source=source,
    )


def best(words: Sequence[str]) -> str:
    """What several signatures say together: one that passes is enough, and silence holds nothing against a letter."""
    for word in ("pass", UNKNOWN, "temperror", "fail", "policy", "permerror", "neutral"):
        if word in words:
            return word
    return "none"


def _first(results: list[Result], method: str) -> Result | None:
    return next((one for one in results if one.method == method and one.word in _WORDS), None)


def _signer(result: Result) -> str:
    """The domain that signed; nobody when ``header.i`` is not within ``header.d`` (RFC 6376 §3.5)."""
    agent = _domain_of(result.properties.get("header.i", "")).lower()
    signer = result.properties.get("header.d", agent).lower()
    return signer if not agent or f".{agent}".endswith(f".{signer}") else ""


def _domain_of(address: str) -> str:
    return address.strip("<>").rpartition("@")[2]


def _split(value: str) -> list[str]:
    """Cut at semicolons outside of comments and quoted strings; comments become a blank."""
    pieces, current = [], []
    depth, quoted, position = 0, False, 0
    while position < len(value):
        sign = value[position]
        position += 1
        if sign == "\\" and (depth or quoted):
            position += 1
        elif quoted or (sign == '"' and not depth):
            quoted = sign != '"' if quoted else True
            current.append(sign)
        elif sign in "()":
            depth = max(depth + (1 if sign == "(" else -1), 0)
            current.append(" ")
        elif depth:
            continue
        elif sign == ";":
            pieces.append("".join(current))
            current = []
        else:
            current.append(sign)
    pieces.append("".join(current))
    return pieces
