"""The keys of the way out: what people send, and letters to many."""

from __future__ import annotations

from dataclasses import dataclass

from core.settings.checks import are_addresses, is_domain, is_network, is_relay
from core.settings.keys import key as _key


@dataclass(frozen=True, slots=True)
class Send:
    """The way out. Everything leaves through one relay, the provider's submission server or a mail server beside,
    unless a mailbox has a way of its own."""

    relay: str = _key(
        "",
        "Where letters go: `smtp://user:password@host:587` (STARTTLS is forced and the certificate verified), "
        "`smtps://…`, or `smtp://127.0.0.1:25` for a server on this machine. Signs like @ in a password stand as %40. "
        "Without it letters wait.",
        expects="an address that begins with smtp:// or smtps:// and names a host",
        check=is_relay,
        shown=False,
    )
    return_path: str = _key(
        "own",
        "Under which address reports of failed delivery come back: `verp` an address of `send.bounce_domain` for each "
        "recipient, `plus` the mailbox with a tag (where the provider delivers such addresses), `own` the mailbox. "
        "Whichever: a report that quotes the letter's Message-ID finds its letter.",
        expects="one of verp, plus, own",
        check=lambda way: way in {"verp", "plus", "own"},
    )
    bounce_domain: str = _key(
        "",
        "The domain of `verp`; its MX record points at this server's listener, and it is used for nothing else.",
        expects="a domain in ASCII such as bounce.firm.example",
        check=is_domain,
    )
    reply_token: bool = _key(
        False,
        "Let answers come to the mailbox with a signed tag, `sales+r-…@firm.example` in Reply-To, so that they find "
        "their thread although a program dropped what they refer to. Only where such addresses are delivered.",
    )
    house_letters: str = _key(
        "relay",
        "How letters of this server itself leave (links for a new password, notices): by the `relay`, or `direct` to "
        "the servers of each domain.",
        expects="relay or direct",
        check=lambda way: way in {"relay", "direct"},
    )
    hostname: str = _key("", "What this server calls itself to the relay.", default_text="<smtp.hostname>")
    allowed_networks: tuple[str, ...] = _key(
        (),
        "Networks that are not on the public internet and to which letters may go all the same, where a mailbox has a "
        "relay of its own or sends straight to the servers of each domain. The relay of `send.relay` may lie anywhere.",
        expects="a list of addresses or networks such as 10.0.0.0/8",
        check=lambda networks: all(map(is_network, networks)),
    )
    validating_dns: tuple[str, ...] = _key(
        (),
        "Name servers that check signatures (DNSSEC) and that this server reaches by a way that nobody else can write "
        "on. They are asked about the servers of domains where letters go straight to those, and their word lets the "
        "certificates that a domain promises in its DNS (DANE) be held to it.",
        default_text="those of this machine, where they run on it",
        expects="a list of addresses such as 192.0.2.53",
        check=are_addresses,
    )
    connections: int = _key(
        4,
        "How many connections to the relay are used at a time.",
        expects="from 1 to 50",
        check=lambda connections: 1 <= connections <= 50,
    )
    largest_files: int = _key(
        20 * 1024 * 1024,
        "How many bytes the files of a letter may have together; most servers take no letters above 25 MB.",
        expects="from 65536 to 104857600 bytes",
        check=lambda size: 65536 <= size <= 104857600,
    )
    undo_seconds: int = _key(
        10,
        "How long a letter waits for second thoughts before it leaves, in seconds.",
        expects="from 0 to 120",
        check=lambda seconds: 0 <= seconds <= 120,
    )


@dataclass(frozen=True, slots=True)
class Mailings:
    """Letters to many."""

    consent: str = _key(
        "refusals",
        "Who may get mailings: everybody but those who refused (`refusals`), or only people of whom a yes is on record "
        "(`explicit`).",
        expects="one of refusals, explicit",
        check=lambda way: way in {"refusals", "explicit"},
    )
    approve_above: int = _key(
        0,
        "Above how many recipients a mailing needs the approval of a second person who manages its mailbox and did not "
        "write it; 1000 is a good number where two people may. 0: never.",
        expects="from 0 to 100000000",
        check=lambda number: 0 <= number <= 100_000_000,
    )
    hold_hours: int = _key(
        24,
        "A letter that was to go by itself longer ago than this, because the server was off, is held until somebody "
        "lets it go, in hours.",
        expects="from 1 to 720 hours",
        check=lambda hours: 1 <= hours <= 720,
    )
    machine_networks: tuple[str, ...] = _key(
        (),
        "Networks from which machines follow the links of mailings, beside what is told apart by itself: those of a "
        "scanner that your readers have, say.",
        expects="a list of addresses or networks such as 192.0.2.0/24",
        check=lambda networks: all(map(is_network, networks)),
    )
    keep_visits: int = _key(
        180,
        "How many days single openings and clicks are kept, with what speaks for a machine. How many there were, and "
        "who opened a letter, stays with the mailing.",
        expects="from 1 to 3650",
        check=lambda days: 1 <= days <= 3650,
    )
