"""A test goes to colleagues and to nobody else."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from email import message_from_bytes, policy
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from core.blobs import BlobFiles
from core.errors import Invalid, NotFound
from core.jobs import job
from crm.staff.people import disable_user
from mailhub.campaigns.letters import save_letter
from mailhub.campaigns.making import make_letter
from mailhub.campaigns.pictures import LARGEST_INSIDE, add_picture, read_inside
from mailhub.campaigns.tables import picture
from mailhub.campaigns.testing import Trial, send_test
from mailhub.letters.values import Address
from mailhub.outbound.house_letters import HOUSE_JOB, HouseLetter, HouseLetters
from tests.campaigns.house import FOOT, Marketing

BASE = "https://mail.firm.example"


def test_it_goes_as_somebody_would_get_it_and_counts_nothing(house: Marketing) -> None:
    house.client("One", ("Anna", ["anna@client.example"]))
    mailing_id = house.mailing("Dear {{ contact.name }} of {{ client.name }}")
    house.ready(mailing_id)
    before = house.rows(mailing_id)
    keys, ivan = house.stamp.keys, house.world.viewer("ivan")
    send = partial(house.database.write_now, send_test, ivan, keys, BASE, mailing_id)
    assert send(Trial(recipient_id=before[0].id)) == 1
    assert send(Trial()) == 1  # as oneself: what nobody knows stands in brackets
    found = house.database.read_now(
        lambda tx: tx.values(select(job.c.payload).where(job.c.kind == HOUSE_JOB).order_by(job.c.id))
    )
    letters = [
        msgspec.json.decode(keys.open("house letter", b64decode(one["sealed"])), type=HouseLetter) for one in found
    ]
    assert [one.to for one in letters] == [ivan.email] * 2
    loop = HouseLetters(
        house.database, keys, None, boot="", hostname="h", sender=Address("", "h@firm.example"), may_go=lambda: False
    )
    said = message_from_bytes(loop.write_down(letters[0]), policy=policy.default)
    assert (said["From"].addresses[0].addr_spec, said["Subject"]) == (house.see(mailing_id).sender, "[Test] News")
    html = said.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert ("Dear Anna of One" in html, f"{BASE}/u/test" in html) == (True, True)
    assert said["List-Unsubscribe"] is None
    assert "[client.name]" in letters[1].text
    assert house.rows(mailing_id) == before, "nobody of the list is touched"


def test_pictures_go_along_inside_a_test_too(house: Marketing, tmp_path: Path) -> None:
    """As its readers will get it: the bytes are a part of the letter, and stand in it."""
    ivan, write, keys = house.world.viewer("ivan"), house.database.write_now, house.stamp.keys
    content = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    sha256 = hashlib.sha256(content).digest()
    files = BlobFiles(tmp_path / "blobs")
    files.write(sha256, content)
    mailing_id = house.mailing("Nothing yet", pictures="inside")
    one = write(add_picture, ivan, mailing_id, "shop.png", "png", (sha256, len(content)))
    source = f"![Shop]({BASE}{one.path})"
    made = make_letter("markdown", "News", source, FOOT)
    write(partial(save_letter, seen=1), ivan, mailing_id, "markdown", source, made)
    write(send_test, ivan, keys, BASE, mailing_id, Trial())
    (found,) = house.database.read_now(lambda tx: tx.values(select(job.c.payload).where(job.c.kind == HOUSE_JOB)))
    loop = HouseLetters(
        house.database, keys, None, boot="", hostname="h", sender=Address("", "h@firm.example"), may_go=lambda: False,
        read_pictures=partial(read_inside, house.database, files),
    )  # fmt: skip
    asked = msgspec.json.decode(keys.open("house letter", b64decode(found["sealed"])), type=HouseLetter)
    said: Any = message_from_bytes(loop.write_down(asked), policy=policy.default)
    part = next(each for each in said.walk() if each.get_content_type() == "image/png")
    html = said.get_body(("html",)).get_content()
    assert (part.get_content(), part.get_filename()) == (content, "shop.png")
    assert (f'src="cid:{part["Content-ID"].strip("<>")}"' in html, one.path in html) == (True, False)
    write(lambda tx: tx.change(picture, one.id, size=LARGEST_INSIDE + 1))
    with pytest.raises(Invalid, match="256 kB"):
        write(send_test, ivan, keys, BASE, mailing_id, Trial())


def test_only_to_colleagues(house: Marketing) -> None:
    house.client("One", ("Anna", ["anna@client.example"]))
    mailing_id = house.mailing()
    house.ready(mailing_id)
    ivan, olha = house.world.viewer("ivan"), house.world.viewer("olha")
    send = partial(house.database.write_now, send_test)
    with pytest.raises(NotFound):
        send(olha, house.stamp.keys, BASE, mailing_id, Trial())
    with pytest.raises(NotFound):
        send(ivan, house.stamp.keys, BASE, mailing_id, Trial(recipient_id=10**6))
    with pytest.raises(Invalid):
        send(ivan, house.stamp.keys, BASE, mailing_id, Trial([10**6]))
    house.database.write_now(disable_user, olha.user_id)
    with pytest.raises(Invalid):
        send(ivan, house.stamp.keys, BASE, mailing_id, Trial([olha.user_id]))
