"""Who said no to mailings after a list was frozen: the newest word of a person holds, up to the mark."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select, tuple_

from core.database import ReadTx
from crm.parties.tables import consent
from mailhub.outbound.tables import recipient

SAID_NO = "refused"
_LATER = consent.alias("later")
_REFUSED = (
    select(recipient.c.id)
    .join(consent, consent.c.contact_id == recipient.c.contact_id)
    .where(
        recipient.c.id.in_(bindparam("ids", expanding=True)),
        consent.c.given == 0,
        ~select(_LATER.c.id)
        .where(
            _LATER.c.contact_id == consent.c.contact_id,
            tuple_(_LATER.c.at, _LATER.c.id) > tuple_(consent.c.at, consent.c.id),
        )
        .correlate(consent)
        .exists(),
    )
)


def list_refused(tx: ReadTx, row_ids: Sequence[int]) -> list[int]:
    """Those among rows of lists whose person said no."""
    return tx.values(_REFUSED, {"ids": list(row_ids)}) if row_ids else []
