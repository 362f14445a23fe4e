"""What became of a mailing: its recipients, the letter of each, the report, single openings and clicks."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.rest.mailing_result_shapes import (
    ComparedView,
    DeliveryOfMailing,
    RecipientView,
    Report,
    ShownView,
    VisitView,
    show_compared,
    show_delivery_of,
    show_recipient,
    show_report,
    show_shown,
    show_visit,
)
from api.rest.shapes import After, Id, Items, Limit, page_of
from core.database import ReadTx
from core.paging import Page
from crm.staff.readable import Viewer
from mailhub.campaigns.mailings import get_mailing, list_mailings
from mailhub.campaigns.results import Recipient, list_recipients, share_of_sent, show_letter
from mailhub.campaigns.visits import list_visits, sum_visits

View = Annotated[str, QueryParameter(name="state", max_length=20, description="A state, or what they did.")]
Begins = Annotated[str, QueryParameter(name="q", max_length=320, description="How an address or domain begins.")]


def see_report(tx: ReadTx, viewer: Viewer, mailing_id: int) -> Report:
    """What became of it. Raises NotFound."""
    one = get_mailing(tx, viewer, mailing_id)
    return show_report(one, sum_visits(tx, mailing_id))


@get("/mailings/{mailing_id:int}/recipients", tags=["mailings"])
async def recipients(
    door: NamedDependency[Door],
    mailing_id: Id,
    limit: Limit = 50,
    after: After = None,
    view: View = "",
    begins: Begins = "",
) -> Items[RecipientView]:
    """Who is on the list, those who were left out too, each with the reason."""
    page = await door.read(_see_recipients, mailing_id, view, begins, after, limit)
    return page_of(page, show_recipient)


@get("/mailings/{mailing_id:int}/deliveries", tags=["mailings"])
async def deliveries(
    door: NamedDependency[Door],
    mailing_id: Id,
    limit: Limit = 50,
    after: After = None,
    view: View = "",
) -> Items[DeliveryOfMailing]:
    """What became of the letter of each recipient; those who were left out are not there unless asked for."""
    page = await door.read(_see_recipients, mailing_id, view, "", after, limit)
    return Items([show_delivery_of(one) for one in page.items if view or one.state != "excluded"], page.next)


@get("/mailings/{mailing_id:int}/recipients/{recipient_id:int}/letter", tags=["mailings"])
async def letter_of(door: NamedDependency[Door], mailing_id: Id, recipient_id: Id) -> ShownView:
    """What a recipient got, or would get now."""
    base = door.house.settings.web.base_url
    return show_shown(await door.read(show_letter, base, mailing_id, recipient_id))


@get("/mailings/{mailing_id:int}/report", tags=["mailings"])
async def report(door: NamedDependency[Door], mailing_id: Id) -> Report:
    """What became of it: by state, by domain, by link. People and machines are told apart."""
    return await door.read(see_report, mailing_id)


@get("/mailings/compared", tags=["mailings"])
async def compared(door: NamedDependency[Door], limit: Limit = 50, after: After = None) -> Items[ComparedView]:
    """Mailings that have left beside each other, the newest first; a page may hold fewer than were asked for."""
    page = await door.read(lambda tx, viewer: list_mailings(tx, viewer, after=after, limit=limit))
    return Items([show_compared(one) for one in page.items if share_of_sent(one)], page.next)


@get("/mailings/{mailing_id:int}/visits", tags=["mailings"])
async def visits(
    door: NamedDependency[Door],
    mailing_id: Id,
    limit: Limit = 50,
    after: After = None,
    recipient_id: Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1, description="Of one recipient.")] = None,
) -> Items[VisitView]:
    """Single openings and clicks, the latest first, with what speaks for a machine."""
    page = await door.read(
        lambda tx, viewer: list_visits(tx, viewer, mailing_id, recipient_id=recipient_id, after=after, limit=limit)
    )
    return page_of(page, show_visit)


def _see_recipients(
    tx: ReadTx, viewer: Viewer, mailing_id: int, view: str, words: str, after: str | None, limit: int
) -> Page[Recipient]:
    return list_recipients(tx, viewer, mailing_id, view=view, words=words, after=after, limit=limit)


ROUTES = [recipients, deliveries, letter_of, report, visits, compared]
