"""What an error means in HTTP: status, code and the sentence for the reader."""

from __future__ import annotations

from dataclasses import dataclass

from litestar.exceptions import HTTPException, ValidationException
from litestar.status_codes import HTTP_422_UNPROCESSABLE_ENTITY

from core.errors import Conflict, Forbidden, HouseError, Invalid, NotFound, TooMuch, Unavailable
from core.language import Language

STATUS: dict[type[HouseError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    Invalid: 400,
    TooMuch: 429,
    Unavailable: 503,
}
TITLES = {
    400: "This cannot be used",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "It has changed meanwhile",
    413: "Too large",
    415: "Send JSON",
    429: "Too many tries",
    500: "Something went wrong on our side",
    503: "Not possible now",
}
# What is missing and what belongs to others is said in the same words, of the same length, about everything.
_CHALLENGE = (("WWW-Authenticate", "Bearer"),)
_MISSING = "There is no such thing here, or you may not see it."
_BY_STATUS = {
    404: ("not-found", _MISSING),
    405: ("not-possible", "This address does not take that kind of request."),
    413: ("too-much", "What was sent is too large."),
    415: ("invalid", "Send the body as application/json."),
    500: ("fault", "An unexpected error. Nothing was changed; the reference leads the administrator to it."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal, said in the reader's language."""

    status: int
    code: str
    title: str
    detail: str
    field: str | None = None
    reference: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def document(self) -> dict[str, object]:
        """The members of RFC 9457, with ``code`` for programs and ``field`` and ``reference`` where there are some."""
        extra = {"field": self.field, "reference": self.reference}
        return {
            "type": f"urn:mailhub:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **{name: value for name, value in extra.items() if value is not None},
        }


def describe(error: Exception, language: Language, reference: str) -> Problem:
    """The problem that an error is. Whatever is no refusal of ours is a fault and shows its ``reference`` alone."""
    if isinstance(error, HouseError):
        return _of_house(error, language)
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _of_router(error, language)
    return _by_status(500, language, reference=reference)


def _of_house(error: HouseError, language: Language) -> Problem:
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    if isinstance(error, NotFound):
        return _by_status(404, language)
    named, wait = error.fields.get("field"), error.fields.get("retry_after")
    headers = (("Retry-After", str(wait)),) if wait is not None else ()
    return Problem(
        status=status,
        code=error.code,
        title=language.gettext(TITLES[status]),
        detail=language.gettext(error.sentence, **error.fields),
        field=None if named is None else str(named),
        headers=headers,
    )


def _of_router(error: HTTPException, language: Language) -> Problem:
    """Litestar's own refusals: no such address or method, a body or a parameter of the wrong shape."""
    status = 400 if error.status_code == HTTP_422_UNPROCESSABLE_ENTITY else error.status_code
    allowed = tuple(("Allow", value) for name, value in (error.headers or {}).items() if name.lower() == "allow")
    if status == 401:
        said = language.gettext(error.detail)
        return Problem(401, "sign-in-needed", language.gettext(TITLES[401]), said, headers=_CHALLENGE)
    if status in _BY_STATUS:
        return _by_status(status, language, headers=allowed)
    where, message = _first_fault(error)
    said = language.gettext("The request has a mistake: %(reason)s", reason=message or error.detail)
    if where:
        said = language.gettext("%(field)s: %(reason)s", field=where, reason=message)
    return Problem(status, "invalid", language.gettext(TITLES.get(status, TITLES[400])), said, field=where or None)


def _first_fault(error: HTTPException) -> tuple[str, str]:
    if isinstance(error, ValidationException) and isinstance(error.extra, list) and error.extra:
        fault = error.extra[0]
        return str(fault.get("key", "")), str(fault.get("message", ""))
    return "", ""


def _by_status(
    status: int, language: Language, *, headers: tuple[tuple[str, str], ...] = (), reference: str | None = None
) -> Problem:
    code, sentence = _BY_STATUS[status]
    title, detail = language.gettext(TITLES[status]), language.gettext(sentence)
    return Problem(status, code, title, detail, reference=reference, headers=headers)
