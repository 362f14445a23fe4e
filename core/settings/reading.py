"""From a TOML file and the environment to ``Settings``, with a sentence for every mistake on the way.

The environment wins over the file. Relative paths are taken from the folder of the file, without one from where the
program was started.
"""

from __future__ import annotations

import os
import socket
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import Field, dataclass, fields, replace
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from core.errors import Invalid
from core.settings.checks import parse_place
from core.settings.keys import About
from core.settings.shape import SECTIONS, Settings

CONFIG_VARIABLE = "MAILHUB_CONFIG"
DEFAULT_CONFIG = Path("mailhub.toml")
_PREFIX = "MAILHUB_"
_YES, _NO = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}
_MOST_WORKERS = 4


@dataclass(frozen=True, slots=True)
class Key:
    """One key with all that is known of it. ``name`` as in the file, ``variable`` as in the environment."""

    section: str
    field: Field[Any]
    type: Any

    @property
    def name(self) -> str:
        return f"{self.section}.{self.field.name}"

    @property
    def variable(self) -> str:
        return f"{_PREFIX}{self.section}_{self.field.name}".upper()

    @property
    def about(self) -> About:
        about: About = self.field.metadata["about"]
        return about


def list_keys() -> Iterator[Key]:
    """Every key, in the order of the documentation."""
    for section, shape in SECTIONS.items():
        types = get_type_hints(shape)
        for one in fields(shape):
            yield Key(section, one, types[one.name])


def load_settings(config: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings of this installation: ``config``, else the file that MAILHUB_CONFIG names, else ``mailhub.toml``
    here if there is one; then every ``MAILHUB_<SECTION>_<KEY>``.

    Raises ``Invalid`` for a missing file, an unknown key (naming the nearest), a value of the wrong type or beyond
    what the key takes, and keys that contradict each other. Creates nothing.
    """
    named = config or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    path = named or DEFAULT_CONFIG
    written = _read_file(path) if named or path.exists() else {}
    base = path.resolve().parent
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for key, value, source in (*_from_file(written), *_from_environment(environ)):
        values[key.section][key.field.name] = _checked(key, value, source, base)
    settings = Settings(**{section: shape(**values[section]) for section, shape in SECTIONS.items()})
    return _agreeing(_completed(settings, base))


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(
            "The settings file %(path)s cannot be read: %(why)s.", path=str(path), why=error.strerror or error
        ) from error
    except ValueError as error:
        raise Invalid("The settings file %(path)s is not TOML: %(why)s.", path=str(path), why=error) from error


def _from_file(written: Mapping[str, Any]) -> Iterator[tuple[Key, Any, str]]:
    known = {key.name: key for key in list_keys()}
    for section, keys in written.items():
        if section not in SECTIONS or not isinstance(keys, dict):
            raise _unknown(section, [*SECTIONS, *known])
        for name, value in keys.items():
            key = known.get(f"{section}.{name}")
            if key is None:
                raise _unknown(f"{section}.{name}", known)
            yield key, value, key.name


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[Key, Any, str]]:
    known = {key.variable: key for key in list_keys()}
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX) or variable == CONFIG_VARIABLE:
            continue
        key = known.get(variable)
        if key is None:
            raise _unknown(variable, known)
        yield key, _from_text(key, environ[variable]), variable


def _unknown(name: str, known: Iterable[str]) -> Invalid:
    names = list(known)
    alike = [one for one in names if one.rpartition(".")[2] == name]  # the right key, without its section
    near = get_close_matches(name, alike or names, n=1, cutoff=0.0)[0]
    return Invalid("There is no setting %(name)s. The nearest is %(near)s.", name=name, near=near, field=name)


def _from_text(key: Key, text: str) -> Any:
    """A value of the environment in the type that the file would give it; what cannot be stays text and is refused."""
    if key.type is bool:
        word = text.strip().lower()
        return word in _YES if word in _YES | _NO else text
    if key.type is int:
        digits = text.strip()
        return int(digits) if digits.removeprefix("-").isdecimal() and len(digits) < 20 else text
    if key.type == tuple[str, ...]:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _checked(key: Key, value: Any, source: str, base: Path) -> Any:
    typed = _typed(key, value, base)
    check = key.about.check
    if typed is None or (check is not None and not check(typed)):
        expected = _expected(key) if typed is None else key.about.expects
        raise Invalid(
            "%(name)s is %(given)s. It must be %(expected)s.",
            name=source, given="…" if not key.field.repr else repr(value), expected=expected, field=key.name,
        )  # fmt: skip
    return typed


def _typed(key: Key, value: Any, base: Path) -> Any:
    """The value in the key's own type, None when it has another."""
    if key.type == tuple[str, ...]:
        is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return tuple(value) if is_list else None
    if key.type in {Path, Path | None}:
        return base / Path(value).expanduser() if isinstance(value, str) and value else None
    return value if type(value) is key.type else None


def _expected(key: Key) -> str:
    names = {bool: "true or false", int: "a whole number", str: "text", tuple[str, ...]: "a list of texts"}
    return names.get(key.type, "the path of a file or folder")


def _completed(settings: Settings, base: Path) -> Settings:
    """Fill in the defaults that depend on the machine or on other keys; all paths are absolute afterwards."""
    data, web, smtp = settings.data, settings.web, settings.smtp
    folder = base / data.dir
    shown_host = f"[{web.host}]" if ":" in web.host else web.host
    workers = settings.parse.workers or min(_MOST_WORKERS, os.cpu_count() or 1)
    return replace(
        settings,
        data=replace(data, dir=folder),
        database=replace(settings.database, url=settings.database.url or f"sqlite:///{folder / 'mailhub.db'}"),
        blobs=replace(settings.blobs, url=settings.blobs.url or (folder / "blobs").as_uri()),
        secret=settings.secret
        if settings.secret.key_file.name
        else replace(settings.secret, key_file=folder / "secret.key"),
        web=replace(web, base_url=(web.base_url or f"http://{shown_host}:{web.port}").rstrip("/")),
        smtp=replace(smtp, hostname=smtp.hostname or socket.gethostname()),
        lmtp=replace(settings.lmtp, socket=_whole_path(settings.lmtp.socket, base)),
        send=replace(settings.send, hostname=settings.send.hostname or smtp.hostname or socket.gethostname()),
        sign_in=replace(
            settings.sign_in,
            letters_from=settings.sign_in.letters_from or f"mailhub@{smtp.hostname or socket.gethostname()}",
        ),
        oidc=replace(settings.oidc, name=settings.oidc.name or urlsplit(settings.oidc.issuer).hostname or ""),
        parse=replace(settings.parse, workers=workers),
    )


def _whole_path(place: str, base: Path) -> str:
    path = parse_place(place)[2] if place else None
    return place if path is None else str(base / path.expanduser())


def _agreeing(settings: Settings) -> Settings:
    smtp, web = settings.smtp, settings.web
    if (smtp.tls_cert is None) != (smtp.tls_key is None):
        raise Invalid("smtp.tls_cert and smtp.tls_key belong together: set both or none.", field="smtp.tls_cert")
    if settings.send.return_path == "verp" and not settings.send.bounce_domain:
        raise Invalid(
            "send.return_path is verp, so send.bounce_domain has to name a domain.", field="send.bounce_domain"
        )
    if settings.oidc.issuer and not settings.oidc.client_id:
        raise Invalid("oidc.issuer is set, so oidc.client_id has to say who we are there.", field="oidc.client_id")
    address = urlsplit(web.base_url)
    if address.scheme == "http" and not web.insecure and not _is_this_machine(address.hostname or ""):
        raise Invalid(
            "%(url)s is plain http beyond this machine. Set web.base_url to the https:// address, or "
            "web.insecure to true if you accept that passwords can be read on the way.",
            url=web.base_url, field="web.base_url",
        )  # fmt: skip
    return settings


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
