"""The log: lines for people or programs, and nothing in them that belongs to the mail."""

import io
import json
import logging
import re

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from core.log import configure_log, get_log, redact, reference


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _undo():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def lines():
    """Configure and hand out a function that gives the lines written so far, as dictionaries."""
    stream = io.StringIO()

    def start(level="info"):
        configure_log(level, "auto", stream)
        return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]

    return start


def test_a_program_gets_json_lines(lines):
    written = lines()
    get_log("mailhub.ingest").info("letter accepted", message=17, size=2048, kept=True)
    (line,) = written()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    said = {"event": "letter accepted", "level": "info", "logger": "mailhub.ingest"}
    assert line == said | {"message": 17, "size": 2048, "kept": True}


def test_a_person_gets_readable_lines():
    stream = Terminal()
    configure_log("info", "auto", stream)
    get_log("mailhub.ingest").info("letter accepted", message=17)
    assert "letter accepted" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
    plain = io.StringIO()
    configure_log("info", "human", plain)
    get_log("mailhub.ingest").warning("disk nearly full", free=3)
    assert "\x1b" not in plain.getvalue()
    assert "free=3" in plain.getvalue()


def test_the_level_holds_and_the_last_configuration_too(lines):
    configure_log("debug", "json", io.StringIO())
    written = lines("warning")
    get_log("x").info("no")
    logging.getLogger("x").info("no")
    get_log("x").warning("yes")
    assert [line["event"] for line in written()] == ["yes"]


def test_no_address_subject_or_secret_at_info(lines):
    written = lines()
    log = get_log("x").bind(subject="CANARY salary", token="CANARY")
    log.info("from CANARY.olena+x@pekarnia.example accepted", to=["CANARY@b.example"], note="<CANARY@c.example>,d")
    log.info("x", relay="smtp://CANARY:CANARY@relay.example:587", header="Authorization: Bearer CANARY.x-y")
    log.info("x", inner={"password": "CANARY", "list": ("CANARY@d.example",)}, smtp_password="CANARY", Cookie="CANARY")
    log.info("AUTH PLAIN CANARYdGVzdA==", thing=OSError("CANARY@e.example refused"))
    logging.getLogger("foreign").warning("mail for %s", "CANARY@f.example", extra={"recipient": "CANARY"})
    try:
        raise ValueError("bad recipient CANARY@g.example")
    except ValueError:
        log.exception("failed", reference="k7f2-9xqd")
    assert len(written()) == 6
    assert "CANARY" not in json.dumps(written())
    assert "pekarnia" not in json.dumps(written())
    last = written()[-1]
    assert last["reference"] == "k7f2-9xqd"
    assert "ValueError: bad recipient" in last["exception"]
    assert written()[1]["relay"] == "smtp://…@relay.example:587"


def test_addresses_may_be_seen_when_debugging_but_secrets_never(lines):
    written = lines("debug")
    get_log("x").debug("rcpt", recipient="olena@pekarnia.example", password="CANARY", url="imap://u:CANARY@h.example")
    (line,) = written()
    assert line["recipient"] == "olena@pekarnia.example"
    assert line["password"] == "…"
    assert "CANARY" not in json.dumps(line)


@given(st.from_regex(r"[a-z0-9.+_-]{1,20}@[a-z0-9-]{1,20}\.example", fullmatch=True), st.text(max_size=20))
def test_whatever_stands_around_it_an_address_is_masked(address, around):
    event = redact(None, "info", {"level": "info", "event": f"{around} {address} {around}"})
    assert address not in event["event"]


def test_a_letter_cannot_write_lines_of_its_own():
    stream = io.StringIO()
    configure_log("info", "human", stream)
    get_log("x").info("kept", name="a\n2026 [error] forged\x1b[2J")
    get_log("x").info("a\r\nforged")
    assert len(stream.getvalue().splitlines()) == 2
    assert "\x1b" not in stream.getvalue()


QUOTING = ["mail.log", "mail.debug", "sqlalchemy.engine.Engine", "uvicorn.access", "httpcore.http11"]


@pytest.mark.parametrize("name", QUOTING)
def test_loggers_that_quote_letters_are_silent_even_when_debugging(lines, name):
    written = lines("debug")
    logging.getLogger(name).debug("DATA readline: b'CANARY'")
    logging.getLogger(name).info("CANARY")
    assert written() == []


def test_uvicorn_speaks_through_us(lines):
    uvicorn = logging.getLogger("uvicorn")
    uvicorn.handlers, uvicorn.propagate = [logging.StreamHandler(io.StringIO())], False
    written = lines()
    logging.getLogger("uvicorn.error").info("started")
    assert [line["event"] for line in written()] == ["started"]


def test_references_are_short_and_new():
    several = {reference() for _ in range(100)}
    assert len(several) == 100
    assert all(re.fullmatch(r"[2-9a-z]{4}-[2-9a-z]{4}", one) for one in several)
