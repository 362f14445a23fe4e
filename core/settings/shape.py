"""Every key of the settings: its section, type, default, what it means and what it takes.

A key with a default that depends on others stands empty here, says so in ``default_text`` and is filled in by
``reading``; nobody outside this room ever sees it empty.
"""

# ruff: noqa: RUF009 - a key is a dataclass field with its meaning beside it

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import get_type_hints
from urllib.parse import urlsplit

from babel.core import get_global
from babel.numbers import is_currency

from core.language import LANGUAGES
from core.settings.checks import (
    are_addresses,
    begins,
    is_host,
    is_lmtp_place,
    is_network,
    is_port,
    is_web_address,
)
from core.settings.entry import Oidc, SignIn
from core.settings.keys import key as _key
from core.settings.sending import Mailings, Send
from core.zones import zone_names

_HOST = "an address or the name of this machine"
_PORT = "a port from 0 (any free one) to 65535"


@dataclass(frozen=True, slots=True)
class Data:
    """Where everything lives that is not in a database server or an object store."""

    dir: Path = _key(Path("data"), "The folder for the database, letters and the key file. Back up all of it.")
    keep_arrivals: int = _key(
        30,
        "For how many days it is remembered how a letter came that is in its thread. The letter stays for ever.",
        expects="a number of days, 7 at least",
        check=lambda days: days >= 7,
    )


@dataclass(frozen=True, slots=True)
class Database:
    """Where the rows are."""

    url: str = _key(
        "",
        "The database: `sqlite:///…` for one machine, `postgresql://user:password@host/name` for many.",
        default_text="sqlite:///<data.dir>/mailhub.db",
        expects="an address that begins with sqlite:/// or postgresql://",
        check=begins("sqlite:///", "postgresql://"),
        shown=False,
    )


@dataclass(frozen=True, slots=True)
class Blobs:
    """Where the bytes of letters are kept once they are settled."""

    url: str = _key(
        "",
        "Where the bytes of letters are kept.",
        default_text="file://<data.dir>/blobs",
        expects="an address that begins with file:///",
        check=begins("file:///"),
        shown=False,
    )


@dataclass(frozen=True, slots=True)
class Secret:
    """The key behind everything sealed and signed."""

    key_file: Path = _key(
        Path(),
        "The file of keys that seal passwords and sign links. Made at the first start; without it sealed passwords "
        "are lost, so keep a copy apart from the backups of the database.",
        default_text="<data.dir>/secret.key",
    )


@dataclass(frozen=True, slots=True)
class Web:
    """The pages and the API."""

    host: str = _key("127.0.0.1", "The address to listen on; `0.0.0.0` for all.", expects=_HOST, check=is_host)
    port: int = _key(8000, "The port to listen on.", expects=_PORT, check=is_port)
    base_url: str = _key(
        "",
        "The address people type, as it stands in links inside letters. Never taken from a request.",
        default_text="http://<web.host>:<web.port>",
        expects="a whole address such as https://mail.firm.example",
        check=is_web_address,
    )
    insecure: bool = _key(
        False, "Allow plain http beyond this machine. Passwords and letters can then be read on the way."
    )
    push: bool = _key(
        True,
        "Let people have a browser tell them of notices although no page is open. What it says goes, encrypted for "
        "that browser alone, through the service of its maker (Google, Mozilla, Apple, Microsoft).",
    )


@dataclass(frozen=True, slots=True)
class Smtp:
    """The door through which letters are delivered."""

    host: str = _key("127.0.0.1", "The address to listen on; `0.0.0.0` for all.", expects=_HOST, check=is_host)
    port: int = _key(2525, "The port to listen on; mail from outside comes to 25.", expects=_PORT, check=is_port)
    hostname: str = _key(
        "", "The name the server greets with; the MX record should name it.", default_text="the machine's name"
    )
    tls_cert: Path | None = _key(None, "The certificate chain (PEM). With it, STARTTLS is offered.")
    tls_key: Path | None = _key(None, "The certificate's private key (PEM).")
    max_size: int = _key(
        50 * 1024 * 1024,
        "The largest letter taken, in bytes; larger ones are refused to the sender's face.",
        expects="at least 65536 bytes",
        check=lambda size: size >= 65536,
    )
    trusted_peers: tuple[str, ...] = _key(
        (),
        "Addresses or networks of relays whose word is believed: no rate limits, and the `Received` lines they wrote "
        "count. This machine is always one.",
        expects="a list of addresses or networks such as 10.0.0.0/8",
        check=lambda peers: all(map(is_network, peers)),
    )


@dataclass(frozen=True, slots=True)
class Lmtp:
    """The door for a mail server in front of this one, with an answer for each recipient (RFC 2033)."""

    socket: str = _key(
        "",
        "The path of a socket, or `host:port`; empty for none. The rights of its folder say who may connect to a path.",
        expects="a path of at most 100 bytes or host:port with a port other than 25",
        check=is_lmtp_place,
    )


@dataclass(frozen=True, slots=True)
class Imap:
    """Accounts at other mail servers."""

    allowed_networks: tuple[str, ...] = _key(
        (),
        "Networks that are not on the public internet and in which accounts may lie all the same, on any port: a mail "
        "server in the same rack, say. Everywhere else accounts are reached on ports 143 and 993 only.",
        expects="a list of addresses or networks such as 10.0.0.0/8",
        check=lambda networks: all(map(is_network, networks)),
    )
    ca_file: Path | None = _key(
        None, "Certificates (PEM) that are trusted beside the system's: those of a company's own authority, say."
    )


@dataclass(frozen=True, slots=True)
class Imports:
    """Archives that people bring in through the pages and the API."""

    max_size: int = _key(
        20 * 1000**3,
        "The largest file taken, in bytes. It lies in `<data.dir>/imports` until its import has ended.",
        expects="at least 1048576 bytes",
        check=lambda size: size >= 1 << 20,
    )
    folder: Path | None = _key(
        None,
        "A folder of this server with archives that administrators may import without sending them. Nothing else of "
        "the server can be read that way.",
    )


@dataclass(frozen=True, slots=True)
class Threads:
    """Conversations, and when they end."""

    new_after_days: int = _key(
        90,
        "A letter that answers a thread closed longer ago than this begins a new one that is linked to it; before that "
        "it opens the old one again. 0: it always opens the old one.",
        expects="0 to 3650",
        check=lambda days: 0 <= days <= 3650,
    )


@dataclass(frozen=True, slots=True)
class Oauth:
    """Signing in at Google and Microsoft instead of passwords; the way back is `<web.base_url>/settings/signed-in`."""

    google_client_id: str = _key("", "The client id that Google gave this server; with it, Google accounts sign in.")
    google_client_secret: str = _key("", "The client secret that belongs to it.", shown=False)
    microsoft_client_id: str = _key("", "The application id that Microsoft gave this server.")
    microsoft_client_secret: str = _key("", "The client secret that belongs to it.", shown=False)
    microsoft_tenant: str = _key(
        "common",
        "Whose accounts may sign in: `common` for all, else the company's tenant.",
        expects="a tenant's name or id",
        check=lambda name: re.fullmatch(r"[A-Za-z0-9.-]+", name) is not None,
    )


@dataclass(frozen=True, slots=True)
class Parse:
    """Understanding letters."""

    workers: int = _key(
        0,
        "How many processes read letters.",
        default_text="one a processor, at most 4",
        expects="at least 1",
        check=lambda workers: workers >= 1,
    )


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Who really wrote a letter, and whether it is junk."""

    check: bool = _key(
        True,
        "Ask the DNS about SPF, DKIM, DMARC and ARC for letters that come from the internet. Switched off, only "
        "`trusted_servers` say who wrote a letter.",
    )
    dns_servers: tuple[str, ...] = _key(
        (),
        "The name servers to ask.",
        default_text="those of this machine",
        expects="a list of addresses such as 192.0.2.53",
        check=are_addresses,
    )
    trusted_servers: tuple[str, ...] = _key(
        (),
        "Names (authserv-ids) of your own mail servers, mx.firm.example say, or .firm.example for all below. What they "
        "wrote into `Authentication-Results` is believed in letters that `smtp.trusted_peers` or LMTP hand over; they "
        "must remove such lines that others forged in their name (RFC 8601, 5). So is what they found before they "
        "forwarded a letter under their ARC seal. Each account has names of its own: see accounts.md.",
        expects="a list of names without blanks",
        check=lambda names: all(re.fullmatch(r"[!-~]+", name) for name in names),
    )
    rspamd: str = _key(
        "",
        "The address of an rspamd that says what is junk, http://127.0.0.1:11333 say; empty for none.",
        expects="a web address without a path",
        check=lambda text: is_web_address(text) and urlsplit(text).path in {"", "/"},
    )


@dataclass(frozen=True, slots=True)
class Company:
    """Whose server this is; each person may choose a language and a time zone of their own."""

    name: str = _key("", "The company's name, as it stands on pages and in letters of the system.")
    timezone: str = _key(
        "UTC",
        "The time zone of working hours and of people who chose none.",
        expects="a time zone such as Europe/Kyiv",
        check=lambda name: name in zone_names(),
    )
    language: str = _key(
        "en",
        "The language of people who chose none.",
        expects=f"one of {', '.join(LANGUAGES)}",
        check=lambda code: code in LANGUAGES,
    )
    currency: str = _key("EUR", "The currency of sums that name none.", expects="a code such as EUR", check=is_currency)
    country: str = _key(
        "UA",
        "The country of telephone numbers and holidays that name none.",
        expects="a two-letter code such as UA",
        check=lambda code: code in get_global("territory_currencies"),
    )


@dataclass(frozen=True, slots=True)
class Log:
    """What the server says of its work. Addresses, subjects and secrets are masked."""

    level: str = _key(
        "info",
        "How much is said.",
        expects="one of debug, info, warning, error",
        check=lambda level: level in {"debug", "info", "warning", "error"},
    )
    format: str = _key(
        "auto",
        "`human` for people, `json` for programs; `auto` looks whether a person is at the terminal.",
        expects="one of auto, human, json",
        check=lambda style: style in {"auto", "human", "json"},
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it. Made by ``load_settings`` only, which also fills in what depends on other keys."""

    data: Data
    database: Database
    blobs: Blobs
    secret: Secret
    web: Web
    smtp: Smtp
    lmtp: Lmtp
    imap: Imap
    imports: Imports
    threads: Threads
    oauth: Oauth
    sign_in: SignIn
    oidc: Oidc
    send: Send
    mailings: Mailings
    parse: Parse
    verdicts: Verdicts
    company: Company
    log: Log


SECTIONS: dict[str, type] = get_type_hints(Settings)
