"""The answer to a request that failed: JSON for programs, a page for people, a toast for a button in a page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, InternalServerException

from api.problems.pages import Pages, language_of
from api.problems.problem import Problem, describe
from core.errors import HouseError
from core.language import Language
from core.log import get_log, reference
from crm.staff.modules import TurnedOff
from crm.staff.sessions import ProofNeeded

log = get_log(__name__)


def answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The one exception handler of the application."""
    pages: Pages = request.app.state.pages
    language = language_of(request, pages)
    known = isinstance(error, HouseError) or (isinstance(error, HTTPException) and error.status_code < 500)
    name = "" if known else reference()
    if _went_away(error):
        log.info("a visitor went away in the middle of a request", route=route_of(request))
    elif not known:
        log.error("a request failed", reference=name, route=route_of(request), exc_info=error)
    problem = describe(error, language, name)
    if is_for_programs(request):
        return _document(problem)
    if problem.status == 401:
        return _to_sign_in(request, problem)
    if isinstance(error, ProofNeeded):
        return _to_proof(request)
    return _page(request, problem, pages, language, off=isinstance(error, TurnedOff))


def _went_away(error: Exception) -> bool:
    """True for Litestar's word that the connection closed before the body was whole: nobody's fault."""
    return isinstance(error, InternalServerException) and "disconnected" in error.detail


def is_for_programs(request: Request[Any, Any, Any]) -> bool:
    """True for what scripts call; everything else is read by people."""
    return request.scope["path"].startswith(("/api/", "/schema", "/health/", "/metrics"))


def route_of(request: Request[Any, Any, Any]) -> str:
    """The template of the path that was asked for (never its ids), for logs and figures."""
    return str(request.scope.get("path_template", "")) or "(none)"


def _document(problem: Problem) -> Response[bytes]:
    body = msgspec.json.encode(problem.document())
    return Response(
        body, status_code=problem.status, headers=dict(problem.headers), media_type="application/problem+json"
    )


def _to_sign_in(request: Request[Any, Any, Any], problem: Problem) -> Response[str]:
    """To the sign-in page, and back afterwards where going back changes nothing."""
    there = f"/login?next={quote(_asked(request))}" if request.method == "GET" else "/login"
    if "hx-request" in request.headers:
        return Response("", status_code=problem.status, headers={"HX-Redirect": "/login"}, media_type="text/html")
    return Response("", status_code=303, headers={"Location": there}, media_type="text/html")


def _asked(request: Request[Any, Any, Any]) -> str:
    """The page that was asked for, with its question."""
    query = request.scope["query_string"].decode("latin-1")
    return str(request.scope["path"]) + (f"?{query}" if query else "")


def _to_proof(request: Request[Any, Any, Any]) -> Response[str]:
    """To the page on which one shows that it is oneself, and back to where the button was."""
    page = urlsplit(request.headers.get("referer", "")).path if request.method != "GET" else _asked(request)
    there = f"/prove?next={quote(page or '/settings/sign-in')}"
    if "hx-request" in request.headers:
        return Response("", status_code=403, headers={"HX-Redirect": there}, media_type="text/html")
    return Response("", status_code=303, headers={"Location": there}, media_type="text/html")


def _page(
    request: Request[Any, Any, Any], problem: Problem, pages: Pages, language: Language, *, off: bool = False
) -> Response[str]:
    viewer = request.scope["state"].get("viewer")
    step, text = {"url": "/", "title": language.gettext("To the letters")}, problem.detail
    if off and viewer is not None and viewer.is_admin:
        step = {"url": "/settings/parts", "title": language.gettext("What is used here")}
        text = language.gettext(
            "This is turned off. Turn it on in the settings, and all that was in it is there again."
        )
    error = {
        "status": problem.status,
        "title": problem.title,
        "text": text,
        "step": step,
        "reference": problem.reference,
    }
    template = "_problem.html" if "hx-request" in request.headers else "error.html"
    body = pages.render(template, language, viewer.theme if viewer else "", error=error)
    return Response(body, status_code=problem.status, headers=dict(problem.headers), media_type="text/html")
