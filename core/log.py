"""What the server says of its work: lines for people at a terminal, JSON lines for programs.

No address, subject or secret leaves through here at INFO and above, whoever wrote the line: a person who may read the
log need not be one who may read the mail. Secrets are masked at every level. Say ids, not names: ``log.info("letter
accepted", message=17)``.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.stdlib import BoundLogger

MASK = "…"
SECRETS = frozenset({
    "api_key", "authorization", "cookie", "credentials", "password", "private_key", "secret", "session", "token",
})  # fmt: skip
PRIVATE = frozenset({"address", "bcc", "body", "cc", "email", "recipient", "sender", "subject", "to"})

# Foreign loggers and the least they may say. aiosmtpd writes every line of a letter at DEBUG, SQLAlchemy the values of
# statements, httpcore the addresses it asks for with their tokens; the access log of the web is ours.
_TAMED = {
    "mail": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "asyncio": logging.WARNING,
}
_LOGIN_IN_URL = re.compile(r"://[^/\s@]{1,500}@")
_BEARER = re.compile(r"\b(bearer|basic|auth plain|auth login)\s+[\w+/=.~-]+", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>@\"'(),:;=\[\]{}…]{1,64}@[^\s<>@\"'(),:;\[\]{}]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_REFERENCE_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that looks like another when read over the telephone

Event = MutableMapping[str, Any]


def configure_log(level: str, style: str, stream: TextIO | None = None) -> None:
    """Send everything, our lines and those of libraries, to one stream (standard error). ``style`` is ``human``,
    ``json`` or ``auto``: human when the stream is a terminal. May be called again; the last call holds."""
    stream = stream or sys.stderr
    human = style == "human" or (style == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    last = _human_renderer(stream) if human else structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                last,
            ],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name, least in _TAMED.items():
        logging.getLogger(name).setLevel(least)
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)


def get_log(name: str) -> BoundLogger:
    """The log of a room, by its module name. Cheap, and good before ``configure_log`` too."""
    log: BoundLogger = structlog.stdlib.get_logger(name)
    return log


def reference() -> str:
    """A short random name for an unexpected error, ``k7f2-9xqd``: written in its log line and shown to the person,
    who can read it to whoever can read the log."""
    letters = "".join(secrets.choice(_REFERENCE_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Mask what a log may not hold. The last step before a line is written, so that no way leads around it."""
    private = event.get("level") != "debug"
    for name, value in event.items():
        event[name] = _harmless(name.lower(), value, private)
    return event


def _harmless(name: str, value: Any, private: bool) -> Any:
    if name in SECRETS or name.endswith(("_password", "_secret", "_token")) or (private and name in PRIVATE):
        return MASK
    if isinstance(value, str):
        return _harmless_text(value, private, keep_lines=name in {"exception", "stack"})
    if isinstance(value, (bool, int, float, type(None))):
        return value
    if isinstance(value, dict):
        return {one: _harmless(str(one).lower(), inner, private) for one, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_harmless("", inner, private) for inner in value]
    return _harmless_text(str(value), private, keep_lines=False)


def _harmless_text(text: str, private: bool, *, keep_lines: bool) -> str:
    if "@" in text:
        text = _LOGIN_IN_URL.sub(f"://{MASK}@", text)
        if private:
            text = _ADDRESS.sub(MASK, text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    # A letter must not be able to write lines or colours of its own into the log.
    return text if keep_lines else _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def _human_renderer(stream: TextIO) -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, sort_keys=False
    )
