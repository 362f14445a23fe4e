"""The keys of the door: how people sign in."""

# ruff: noqa: RUF009 - a key is a dataclass field with its meaning beside it

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.settings.checks import is_domain, is_network, is_web_address
from core.settings.keys import key


@dataclass(frozen=True, slots=True)
class SignIn:
    """How people sign in. What each may add for themselves (passkeys, codes) stands in their own settings."""

    second_factor: str = key(
        "nobody",
        "Who has to show more than a password: a code of their telephone or a passkey. Whoever must and has none sets "
        "it up at the next sign-in.",
        expects="one of everybody, administrators, nobody",
        check=lambda who: who in {"everybody", "administrators", "nobody"},
    )
    letters_from: str = key(
        "",
        "The address under which this server itself writes: links for a new password, invitations, notices. It leaves "
        "by `send.relay`, so the relay must let it.",
        default_text="mailhub@<smtp.hostname>",
        expects="an e-mail address such as mailhub@firm.example",
        check=lambda address: not address or (address.count("@") == 1 and is_domain(address.rpartition("@")[2])),
    )


@dataclass(frozen=True, slots=True)
class Oidc:
    """Single sign-on (OpenID Connect); the way back is `<web.base_url>/login/sso/back`."""

    issuer: str = key(
        "",
        "The address of the company's identity provider, as its discovery document names it; empty for none.",
        expects="an https:// address",
        check=lambda text: not text or (is_web_address(text) and text.startswith("https://")),
    )
    name: str = key("", "What people call it, for the button of the sign-in page.", default_text="the host of `issuer`")
    client_id: str = key("", "The client id that the provider gave this server.")
    client_secret: str = key("", "The client secret that belongs to it.", shown=False)
    allowed_networks: tuple[str, ...] = key(
        (),
        "Networks that are not on the public internet and in which the provider may lie all the same.",
        expects="a list of addresses or networks such as 10.0.0.0/8",
        check=lambda networks: all(map(is_network, networks)),
    )
    ca_file: Path | None = key(None, "Certificates (PEM) that are trusted for it beside the system's.")
    add_people: bool = key(
        False,
        "Add a person at their first sign-in. Without it they are invited first, and the provider's word that an "
        "address is verified joins the two.",
    )
    domains: tuple[str, ...] = key(
        (),
        "Only people with addresses of these domains come in this way; empty for all that the provider lets in.",
        expects="a list of domains such as firm.example",
        check=lambda domains: all(domain and is_domain(domain) for domain in domains),
    )
