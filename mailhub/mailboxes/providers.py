"""The mail providers that people come from: where their servers are, and what they want instead of the password.

``advice`` is a sentence for the person who connects an account; it says what to do at the provider, not what we do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AuthorityKey = Literal["google", "microsoft"]
IMAPS, SUBMISSION, SUBMISSIONS = 993, 587, 465


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider by its domains and by the MX hosts of companies that let it carry their mail.

    ``servers`` are the names under which it writes ``Authentication-Results`` (patterns of ``letters.results``), having
    removed what others forged in them; ``networks`` are its own, inside of which letters wander.
    """

    name: str
    domains: tuple[str, ...]
    imap_host: str
    smtp_host: str
    smtp_port: int
    advice: str
    page: str = ""
    authority: AuthorityKey | None = None
    exchangers: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guess:
    """Where the mail of an address is likely to be. ``provider`` None: nobody we know."""

    provider: Provider | None
    imap_host: str
    smtp_host: str
    smtp_port: int


PROVIDERS = (
    Provider(
        "Google", ("gmail.com", "googlemail.com"), "imap.gmail.com", "smtp.gmail.com", SUBMISSION,
        "Google does not take the account's password. Sign in with Google, or turn on 2-Step Verification there and "
        "make an app password.",
        "https://myaccount.google.com/apppasswords", "google", ("google.com", "googlemail.com"),
        ("mx.google.com",),
    ),
    Provider(
        "Microsoft",
        ("outlook.com", "hotmail.com", "live.com", "msn.com", "office365.com", "onmicrosoft.com"),
        "outlook.office365.com", "smtp.office365.com", SUBMISSION,
        "Microsoft takes no passwords here any more: sign in with Microsoft. IMAP must be allowed in the settings of "
        "the mailbox, in a company by its administrator.",
        "https://outlook.live.com/mail/0/options/mail/forwarding", "microsoft", ("mail.protection.outlook.com",),
        ("-", ".protection.outlook.com", ".prod.outlook.com"),
        ("2603:1096::/32", "2603:10a6::/32", "2603:10b6::/32", "2603:10c6::/32"),
    ),
    Provider(
        "Yandex",
        ("yandex.ru", "yandex.com", "yandex.ua", "yandex.by", "yandex.kz", "ya.ru"),
        "imap.yandex.com", "smtp.yandex.com", SUBMISSIONS,
        "Yandex wants an app password: in Yandex ID open Security, App passwords, Mail. In the settings of the mailbox "
        "allow mail programs by IMAP.",
        "https://id.yandex.com/security/app-passwords", None, ("yandex.ru", "yandex.net"),
        (".yandex.net", ".yandex.ru"),
    ),
    Provider(
        "Mail.ru",
        ("mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru"),
        "imap.mail.ru", "smtp.mail.ru", SUBMISSIONS,
        "Mail.ru wants a password for external applications: in the account open Security, Passwords for external "
        "applications, and make one with access to mail.",
        "https://account.mail.ru/user/2-step-auth/passwords", None, ("mail.ru",), (".mail.ru",),
    ),
    Provider(
        "ukr.net", ("ukr.net",), "imap.ukr.net", "smtp.ukr.net", SUBMISSIONS,
        "ukr.net wants a password of its own for programs: in the mailbox open Settings, IMAP access, switch it on, "
        "make a password and paste it here.",
        "https://mail.ukr.net/desktop#security", None, ("ukr.net",), (".ukr.net", ".fwdcdn.com"),
    ),
    Provider(
        "abv.bg", ("abv.bg", "gyuvetch.bg", "gbg.bg"), "imap.abv.bg", "smtp.abv.bg", SUBMISSIONS,
        "abv.bg lets programs in only when you allow it: in the mailbox open Settings, allow mail programs by IMAP, "
        "and use the password that is set there for programs.",
        "https://www.abv.bg", None, ("abv.bg",), (".abv.bg",),
    ),
    Provider(
        "I.UA", ("i.ua", "ua.fm", "email.ua", "3g.ua"), "imap.i.ua", "smtp.i.ua", SUBMISSIONS,
        "I.UA lets programs in when access by IMAP is switched on in the settings of the mailbox.",
        "https://mail.i.ua",
    ),
    Provider(
        "META.UA", ("meta.ua",), "imap.meta.ua", "smtp.meta.ua", SUBMISSIONS,
        "META.UA lets programs in when access by IMAP is switched on in the settings of the mailbox.",
        "https://webmail.meta.ua",
    ),
    Provider(
        "Zoho", ("zoho.com", "zohomail.com", "zoho.eu"), "imap.zoho.com", "smtp.zoho.com", SUBMISSIONS,
        "Zoho wants IMAP switched on in the settings of the mailbox, and an application password where two-factor "
        "sign-in is on.",
        "https://accounts.zoho.com/home#security/app_password", None, ("zoho.com", "zoho.eu"),
        (".zohomail.com", ".zoho.com", ".zoho.eu"),
    ),
    Provider(
        "Fastmail", ("fastmail.com", "fastmail.fm", "messagingengine.com"), "imap.fastmail.com", "smtp.fastmail.com",
        SUBMISSIONS,
        "Fastmail wants an app password: Settings, Privacy and security, Integrations, New app password.",
        "https://app.fastmail.com/settings/security/integrations", None, ("messagingengine.com",),
        (".messagingengine.com",),
    ),
    Provider(
        "iCloud", ("icloud.com", "me.com", "mac.com"), "imap.mail.me.com", "smtp.mail.me.com", SUBMISSION,
        "Apple wants an app-specific password: sign in to your Apple account, Sign-In and Security, App-Specific "
        "Passwords.",
        "https://account.apple.com", None, ("mail.icloud.com",), (".icloud.com",),
    ),
    Provider(
        "Yahoo", ("yahoo.com", "ymail.com", "rocketmail.com"), "imap.mail.yahoo.com", "smtp.mail.yahoo.com",
        SUBMISSIONS,
        "Yahoo wants an app password: in the account open Security, Generate app password.",
        "https://login.yahoo.com/account/security", None, ("yahoodns.net",), (".yahoo.com",),
    ),
)  # fmt: skip


def guess_servers(address: str, exchangers: tuple[str, ...] = ()) -> Guess:
    """The servers of an address by its domain, else by the MX hosts of the domain, else as most call them."""
    domain = address.rpartition("@")[2].strip().lower()
    provider = find_provider(domain) or next(filter(None, map(_find_by_exchanger, exchangers)), None)
    if provider is None:
        return Guess(None, f"imap.{domain}", f"smtp.{domain}", SUBMISSION)
    return Guess(provider, provider.imap_host, provider.smtp_host, provider.smtp_port)


def find_provider(name: str) -> Provider | None:
    """Who this domain or this server belongs to, or None."""
    name = name.lower().rstrip(".")
    for one in PROVIDERS:
        if name in (one.imap_host, one.smtp_host) or any(_is_in(name, domain) for domain in one.domains):
            return one
    return None


def find_carrier(host: str) -> Provider | None:
    """The provider at whose very server an account lies: it wrote what stands on top of the letters."""
    host = host.lower().rstrip(".")
    known = next((one for one in PROVIDERS if host == one.imap_host), None)
    return known or next((one for one in PROVIDERS if any(_is_in(host, domain) for domain in one.domains)), None)


def _find_by_exchanger(host: str) -> Provider | None:
    host = host.lower().rstrip(".")
    return next((one for one in PROVIDERS if any(_is_in(host, end) for end in one.exchangers)), None)


def _is_in(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")
