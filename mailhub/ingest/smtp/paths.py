"""Reads the arguments of MAIL and RCPT (RFC 5321 4.1.2, RFC 6531 3.3). Pure; refuses by ``RefusedError``.

Senders are read generously, for whoever has odd addresses still writes letters. Recipients are read narrowly: every
form that ever made a server relay (routes, percent, bang, quotes, literals) is refused before anybody is asked.
"""

from __future__ import annotations

import re
import unicodedata

import idna

from mailhub.ingest.smtp.refusal import RefusedError

_PATH = re.compile(r' *<((?:"(?:[^"\\]|\\.)*+"|[^<>" ]++)*+)>(?: +(.*))?')
_RELAYED = re.compile(r"""^@|@.*@|["%!\[]|@[0-9.]+$""")
_ROUTE = re.compile(r"@[^:]*:")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LITERAL = re.compile(r"\[[0-9A-Za-z:.-]+\]")
_DOT_STRING = re.compile(r"[^\x00-\x20\x7f()<>\[\]:;@\\,\".]+(?:\.[^\x00-\x20\x7f()<>\[\]:;@\\,\".]+)*")
_SENDER_LOCAL = re.compile(r'[^\x00-\x20\x7f()<>\[\]:;@\\,"]+|"(?:[^"\\\x00-\x1f\x7f]|\\[ -~])*+"')


def parse_path(argument: str, keyword: str) -> tuple[str, dict[str, str]]:
    """``FROM:<path> NAME=value …`` into the path without brackets and the parameters, names in upper case."""
    if argument[: len(keyword)].upper() != keyword:
        raise RefusedError(f"501 5.5.4 Say {keyword}<address>")
    match = _PATH.fullmatch(argument, len(keyword))
    if match is None:
        raise RefusedError("501 5.1.3 The address is not written as <local@domain>")
    parameters = {}
    for word in (match[2] or "").split():
        name, _, value = word.partition("=")
        parameters[name.upper()] = value
    return match[1], parameters


def parse_sender(path: str, utf8: bool) -> str:
    """The reverse-path; empty for the null sender. A source route in front is ignored (RFC 5321 appendix C)."""
    if not path:
        return ""
    route = _ROUTE.match(path)
    local, at, domain = (path[route.end() :] if route else path).rpartition("@")
    if not at:
        raise RefusedError("501 5.1.7 The sender's address needs a domain")
    _check_charset(path, utf8)
    if len(path.encode()) > 512 or not _SENDER_LOCAL.fullmatch(local):
        raise RefusedError("501 5.1.7 This cannot be a sender's address")
    if _LITERAL.fullmatch(domain):
        return f"{local}@{domain}"
    return f"{unicodedata.normalize('NFC', local)}@{_ascii_domain(domain, '501 5.1.7')}"


def parse_recipient(path: str, utf8: bool, hostname: str) -> str:
    """The forward-path in the form that ``PostOffice.find_recipient`` promises."""
    if path.lower() == "postmaster":
        return f"postmaster@{hostname.lower()}"
    if _RELAYED.search(path):
        raise RefusedError("550 5.7.1 Letters are not passed on to other places here")
    _check_charset(path, utf8)
    local, _, domain = path.partition("@")
    if len(local.encode()) > 64 or len(path.encode()) > 254:
        raise RefusedError("501 5.1.3 The address is too long")
    if not _DOT_STRING.fullmatch(local) or not local.isprintable() or not domain:
        raise RefusedError("501 5.1.3 This cannot be an address")
    domain = _ascii_domain(domain, "501 5.1.3")
    local = unicodedata.normalize("NFC", local)
    return f"postmaster@{domain}" if local.lower() == "postmaster" else f"{local}@{domain}"


def _check_charset(path: str, utf8: bool) -> None:
    if not utf8 and not path.isascii():
        raise RefusedError("553 5.6.7 An address beyond ASCII needs SMTPUTF8")


def _ascii_domain(domain: str, code: str) -> str:
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError:
            raise RefusedError(f"{code} There can be no such domain") from None
    if len(domain) > 253 or not _DOMAIN.fullmatch(domain):
        raise RefusedError(f"{code} There can be no such domain")
    return domain.lower()
