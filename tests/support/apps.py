"""Applications that tests lend each other: building one takes longer than most tests."""

from __future__ import annotations

from litestar import Litestar
from litestar.datastructures import State

from api.app import build_app, move_in
from mailhub.runtime import House

_empty: list[Litestar] = []
_routes: dict[int, int] = {}


def lend_app(house: House) -> Litestar:
    """As ``create_app``; ``take_back_app`` when the house is closed."""
    app = _empty.pop() if _empty else build_app()
    _routes[id(app)] = len(app.routes)
    move_in(app, house)
    return app


def take_back_app(app: Litestar) -> None:
    """Nobody lives there any more; an application to which a test has added routes is not lent again."""
    app.state = State()
    if len(app.routes) == _routes.pop(id(app)):
        _empty.append(app)
