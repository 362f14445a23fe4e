"""The desk of a mailing: its list is frozen, every letter rendered dry, a colleague approves; then its buttons."""

from __future__ import annotations

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.mailing import begin_check
from api.rest.mailing_shapes import Approval, Count, MailingView, NewTest, Start
from api.rest.mailings import see_one
from api.rest.once import Key, once, once_done
from api.rest.shapes import Id, StrictRequest
from core.clock import parse_iso
from core.database import WriteTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from mailhub.campaigns.again import retry_failed
from mailhub.campaigns.approving import approve_mailing
from mailhub.campaigns.omitting import leave_out
from mailhub.campaigns.recipients import freeze_list
from mailhub.campaigns.starting import cancel_mailing, pause_mailing, resume_mailing, start_mailing
from mailhub.campaigns.testing import Trial, send_test


@post("/mailings/{mailing_id:int}/check", tags=["mailings"], status_code=200)
async def check(
    door: NamedDependency[Door], request: StrictRequest, mailing_id: Id, idempotency_key: Key = None
) -> MailingView:
    """Freeze the list where that was not done or the rule of a segment has changed since, then render every letter of
    it. Look again until ``check_state`` is ``done``."""

    def verb(tx: WriteTx, viewer: Viewer) -> MailingView:
        begin_check(tx, viewer, mailing_id)
        return see_one(tx, viewer, mailing_id)

    return await once(door, request, idempotency_key, MailingView, verb)


@post("/mailings/{mailing_id:int}/freeze", tags=["mailings"], status_code=200)
async def freeze(
    door: NamedDependency[Door], request: StrictRequest, mailing_id: Id, idempotency_key: Key = None
) -> MailingView:
    """Lay the list of recipients anew."""

    def verb(tx: WriteTx, viewer: Viewer) -> MailingView:
        freeze_list(tx, viewer, mailing_id)
        return see_one(tx, viewer, mailing_id)

    return await once(door, request, idempotency_key, MailingView, verb)


@post("/mailings/{mailing_id:int}/leave-out", tags=["mailings"], status_code=200)
async def leave_out_some(
    door: NamedDependency[Door], request: StrictRequest, mailing_id: Id, idempotency_key: Key = None
) -> Count:
    """Leave out all in whose letter a field is missing."""
    return await once(
        door, request, idempotency_key, Count, lambda tx, viewer: Count(leave_out(tx, viewer, mailing_id))
    )


@post("/mailings/{mailing_id:int}/start", tags=["mailings"], status_code=200)
async def start(
    door: NamedDependency[Door],
    request: StrictRequest,
    mailing_id: Id,
    data: JSONBody[Start],
    idempotency_key: Key = None,
) -> MailingView:
    """Let it leave, now or later. 409 when ``recipients_count`` is no longer that; asked again it starts once."""
    start_at = _moment(data.start_at) if data.start_at is not None else None

    def verb(tx: WriteTx, viewer: Viewer) -> MailingView:
        start_mailing(
            tx, viewer, mailing_id, data.recipients_count, start_at=start_at, confirmed=data.confirmed,
            approve_above=door.house.settings.mailings.approve_above,
        )  # fmt: skip
        return see_one(tx, viewer, mailing_id)

    return await once(door, request, idempotency_key, MailingView, verb)


@post("/mailings/{mailing_id:int}/test", tags=["mailings"], status_code=200)
async def send_a_test(
    door: NamedDependency[Door],
    request: StrictRequest,
    mailing_id: Id,
    data: JSONBody[NewTest],
    idempotency_key: Key = None,
) -> Count:
    """Send the letter to colleagues, as one of its readers gets it: marked, never counted."""
    house, test = door.house, Trial(data.user_ids, data.recipient_id, data.language)

    def verb(tx: WriteTx, viewer: Viewer) -> Count:
        return Count(send_test(tx, viewer, house.keys, house.settings.web.base_url, mailing_id, test))

    return await once(door, request, idempotency_key, Count, verb)


@post("/mailings/{mailing_id:int}/approve", tags=["mailings"], status_code=200)
async def approve(
    door: NamedDependency[Door],
    request: StrictRequest,
    mailing_id: Id,
    data: JSONBody[Approval],
    idempotency_key: Key = None,
) -> MailingView:
    """Say that it may start as it stands, as somebody who did not write it. Another letter, sender or list, and it has
    to be approved again."""

    def verb(tx: WriteTx, viewer: Viewer) -> MailingView:
        approve_mailing(tx, viewer, mailing_id, data.recipients_count)
        return see_one(tx, viewer, mailing_id)

    return await once(door, request, idempotency_key, MailingView, verb)


@post("/mailings/{mailing_id:int}/pause", tags=["mailings"], status_code=204)
async def pause(
    door: NamedDependency[Door], request: StrictRequest, mailing_id: Id, idempotency_key: Key = None
) -> None:
    """Nothing more of it leaves. One that waits for its moment is a draft again."""
    await once_done(door, request, idempotency_key, lambda tx, viewer: pause_mailing(tx, viewer, mailing_id))


@post("/mailings/{mailing_id:int}/resume", tags=["mailings"], status_code=204)
async def resume(
    door: NamedDependency[Door], request: StrictRequest, mailing_id: Id, idempotency_key: Key = None
) -> None:
    """Let it go on; the rest behind a first part too, once all of that was tried."""
    await once_done(door, request, idempotency_key, lambda tx, viewer: resume_mailing(tx, viewer, mailing_id))


@post("/mailings/{mailing_id:int}/cancel", tags=["mailings"], status_code=204)
async def cancel(
    door: NamedDependency[Door], request: StrictRequest, mailing_id: Id, idempotency_key: Key = None
) -> None:
    """End it: what has not left never will."""
    await once_done(door, request, idempotency_key, lambda tx, viewer: cancel_mailing(tx, viewer, mailing_id))


@post("/mailings/{mailing_id:int}/retry", tags=["mailings"], status_code=200)
async def retry(
    door: NamedDependency[Door], request: StrictRequest, mailing_id: Id, idempotency_key: Key = None
) -> Count:
    """Try those again that failed, and nobody else."""
    return await once(
        door, request, idempotency_key, Count, lambda tx, viewer: Count(retry_failed(tx, viewer, mailing_id))
    )


def _moment(text: str) -> int:
    try:
        return parse_iso(text)
    except ValueError as problem:
        raise Invalid("A moment is written like 2026-12-24T09:00:00Z.", field="start_at") from problem


ROUTES = [check, freeze, leave_out_some, send_a_test, approve, start, pause, resume, cancel, retry]
