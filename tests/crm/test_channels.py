"""By what clients come: the list and its order, and the first channel of each, which stays."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import update

from core import clock
from core.database import Database, WriteTx
from core.errors import Conflict, Invalid, NotFound
from crm.parties import (
    add_channel,
    add_counterparty,
    change_channel,
    ensure_channel,
    find_channel,
    get_counterparty,
    learn_channel,
    list_channels,
    list_counterparties,
    merge_parties,
    order_channels,
    unmerge_parties,
    update_counterparty,
)
from crm.parties.tables import counterparty


def grow_old(tx: WriteTx, client_id: int) -> None:
    """The first channel of a client was said two days ago."""
    then = clock.now() - 2 * clock.DAY
    tx.execute(
        update(counterparty)
        .where(counterparty.c.id == client_id)
        .values(first_channel_at=then, first_channel_said_at=then)
    )


def test_channels_stand_in_an_order_and_are_never_lost(database: Database) -> None:
    write, read = database.write_now, database.read_now
    fair, radio, site = (write(add_channel, name) for name in ("Fair", "Radio", "Site"))
    write(order_channels, [site, fair])
    assert [one.id for one in read(list_channels)] == [site, fair, radio]
    with pytest.raises(Conflict):
        write(add_channel, " fair ")
    with pytest.raises(Conflict):
        write(partial(change_channel, name="RADIO"), fair)
    with pytest.raises(Invalid):
        write(order_channels, [fair, fair])
    with pytest.raises(NotFound):
        write(partial(change_channel, name="X"), 99)
    write(partial(change_channel, name="Exhibition", ended=True), fair)
    assert [(one.name, one.ended) for one in read(list_channels)][1] == ("Exhibition", True)
    assert (read(find_channel, "exhibition"), read(find_channel, " ")) == (fair, None)
    with pytest.raises(Invalid):
        read(find_channel, "Newspaper")
    assert write(ensure_channel, "exhibition") == fair
    assert not read(list_channels)[1].ended
    assert write(ensure_channel, "Newspaper") == read(list_channels)[-1].id


def test_the_first_channel_stays_with_its_moment(database: Database) -> None:
    write, read = database.write_now, database.read_now
    fair, radio = write(add_channel, "Fair"), write(add_channel, "Radio")
    client = write(partial(add_counterparty, channel_id=fair), "Client")
    first = read(get_counterparty, client)
    assert (first.channel_id, first.first_channel_id) == (fair, fair)
    assert first.first_channel_at is not None
    write(partial(update_counterparty, channel_id=radio), client)
    corrected = read(get_counterparty, client)
    assert (corrected.first_channel_id, corrected.first_channel_at) == (radio, first.first_channel_at)
    write(grow_old, client)
    write(partial(update_counterparty, channel_id=fair), client)
    write(learn_channel, client, radio, clock.now())
    after = read(get_counterparty, client)
    assert (after.channel_id, after.first_channel_id) == (fair, radio)
    assert [one.id for one in read(partial(list_counterparties, channel_id=fair)).items] == [client]
    assert read(partial(list_counterparties, channel_id=radio)).items == []
    other = write(add_counterparty, "Other")
    write(learn_channel, other, radio, 5)
    learned = read(get_counterparty, other)
    assert (learned.channel_id, learned.first_channel_id, learned.first_channel_at) == (radio, radio, 5)
    write(partial(update_counterparty, channel_id=fair), other)  # said just now of what was long ago
    corrected = read(get_counterparty, other)
    assert (corrected.channel_id, corrected.first_channel_id, corrected.first_channel_at) == (fair, fair, 5)


def test_of_two_that_are_one_the_earlier_first_channel_holds(database: Database) -> None:
    write, read = database.write_now, database.read_now
    fair, radio = write(add_channel, "Fair"), write(add_channel, "Radio")
    kept = write(partial(add_counterparty, channel_id=fair), "Kept")
    gone = write(partial(add_counterparty, channel_id=radio), "Gone")
    write(grow_old, gone)
    before = read(get_counterparty, kept)
    merge_id = write(merge_parties, "counterparty", kept, gone)
    merged, old = read(get_counterparty, kept), read(get_counterparty, gone)
    assert (merged.channel_id, merged.first_channel_id) == (fair, radio)
    assert merged.first_channel_at == old.first_channel_at
    write(unmerge_parties, merge_id, {})
    parted = read(get_counterparty, kept)
    assert (parted.first_channel_id, parted.first_channel_at) == (fair, before.first_channel_at)
