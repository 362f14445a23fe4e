"""Templates, rendered in the reader's language: one environment for each, made once and shared between threads."""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from functools import cache
from typing import Any

from jinja2 import Environment
from litestar.connection import ASGIConnection

from api.problems.compiled import Compiled, read_codes
from api.problems.compiled import make_environment as prepare_environment
from api.problems.kept import Kept
from core.language import DOMAIN, Catalogs, Language, choose_language
from core.resources import asset, codes_file, locale_dir, templates_dir
from core.settings import Settings
from crm.staff.readable import Viewer

Connection = ASGIConnection[Any, Any, Any, Any]


@cache
def _compiled() -> Compiled:
    return Compiled(read_codes(codes_file()))


class Pages:
    """``render`` fills a template of ``templates/web``; every name it asks for must be given."""

    def __init__(self, catalogs: Catalogs, settings: Settings) -> None:
        self._catalogs = catalogs
        self.timezone = settings.company.timezone
        self.default_language = settings.company.language
        self._environment = cache(make_environment)

    def language(self, code: str) -> Language:
        """How to speak to somebody who reads this language, in the company's time zone."""
        return self._catalogs.language(code or self.default_language, self.timezone)

    def render(self, name: str, language: Language, theme: str = "system", **data: Any) -> str:
        """The whole page or fragment. Call it in a thread that may take its time: ``door.page`` does."""
        template = self._environment(language.code).get_template(name)
        return template.render(lang=language.code, theme=theme or "system", timezone=self.timezone, **data)

    def compile_all(self) -> Iterator[str]:
        """Make every template ready, one with each step, so that nobody is the first to wait for a page."""
        environment = self._environment(self.default_language)
        for name in environment.list_templates():
            environment.get_template(name)
            yield name


def make_environment(code: str) -> Environment:
    """The templates in one language; they fail on anything that they ask for and are not given."""
    environment = prepare_environment(templates_dir() / "web", _compiled())
    translations = gettext.translation(DOMAIN, locale_dir(), [code], fallback=True)
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals["asset"] = asset
    environment.globals["kept"] = Kept()
    return environment


def language_of(connection: Connection, pages: Pages) -> Language:
    """The language of whoever asks: their own choice when they are known, else what their browser asks for."""
    viewer: Viewer | None = connection.scope["state"].get("viewer")
    accepted = connection.headers.get("accept-language", "")
    chosen = viewer.language if viewer else connection.query_params.get("lang")
    return pages.language(choose_language(accepted, chosen, pages.default_language))
