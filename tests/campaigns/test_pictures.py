"""Pictures of mailings: what may be one, how long it stays, what the check says of it."""

from __future__ import annotations

import hashlib
from functools import partial

import pytest

from core import clock
from core.errors import Invalid, NotFound
from mailhub.campaigns import letters, pictures
from mailhub.campaigns.mailings import change_mailing
from mailhub.campaigns.making import make_letter
from mailhub.campaigns.pictures import (
    HEAVY,
    UNNAMED,
    Picture,
    find_kind,
    find_picture,
    sweep_pictures,
    turn_inside,
)
from mailhub.campaigns.tables import picture
from tests.campaigns.house import FOOT, Marketing


@pytest.mark.parametrize(
    ("head", "ending"),
    [
        (b"\x89PNG\r\n\x1a\n....", "png"), (b"\xff\xd8\xff\xe0", "jpg"), (b"GIF89a", "gif"), (b"GIF87a", "gif"),
        (b"RIFF\x00\x01\n\x03WEBPVP8 ", "webp"),
    ],
)  # fmt: skip
def test_what_is_a_picture(head: bytes, ending: str) -> None:
    assert find_kind(head) == ending


@pytest.mark.parametrize("head", [b"<svg onload=x>", b"<html>", b"", b"MZ", b"RIFF....WAVE", b"%PDF-1.4", b" GIF89a"])
def test_what_is_none(head: bytes) -> None:
    with pytest.raises(Invalid):
        find_kind(head)


def bring(house: Marketing, mailing_id: int, size: int = 100) -> Picture:
    content = (hashlib.sha256(b"picture %d" % size).digest(), size)
    ivan = house.world.viewer("ivan")
    return house.database.write_now(pictures.add_picture, ivan, mailing_id, "shop.png", "png", content)


def write(house: Marketing, mailing_id: int, source: str) -> None:
    seen = house.see(mailing_id).letter_version
    made = make_letter("markdown", "News", source, FOOT)
    ivan = house.world.viewer("ivan")
    house.database.write_now(partial(letters.save_letter, seen=seen), ivan, mailing_id, "markdown", source, made)


def test_a_picture_stays_as_long_as_a_letter_names_it(house: Marketing) -> None:
    house.client("Acme", ("Anna", ["anna@acme.example"]))
    first, second = house.mailing(), house.mailing()
    named, elsewhere, unnamed = (
        bring(house, first),
        bring(house, first, 200),
        bring(house, first, HEAVY + 1),
    )
    assert len({one.path for one in (named, elsewhere, unnamed)}) == 3
    write(house, first, f"![Shop](https://mail.example{named.path})")
    write(house, second, f"![Shop](https://mail.example{elsewhere.path})")
    old = clock.now() - UNNAMED - clock.HOUR
    database = house.database
    for one in (named, elsewhere, unnamed):
        database.write_now(lambda tx, one=one: tx.change(picture, one.id, created_at=old))
    assert database.write_now(sweep_pictures) == 1
    for one in (named, elsewhere):
        assert database.read_now(find_picture, one.path.rpartition("/")[2]).title == "shop.png"
    with pytest.raises(NotFound):
        database.read_now(find_picture, unnamed.path.rpartition("/")[2])
    with pytest.raises(NotFound):
        database.read_now(find_picture, named.path.rpartition("/")[2].replace("png", "gif"))
    # The letter is written without it: a letter that goes on naming another keeps that.
    with pytest.raises(Invalid):
        database.write_now(pictures.remove_picture, house.world.viewer("ivan"), first, named.id)
    write(house, first, "No picture any more")
    assert database.write_now(sweep_pictures) == 1


def test_the_check_tells_of_a_heavy_picture(house: Marketing) -> None:
    house.client("Acme", ("Anna", ["anna@acme.example"]))
    made = house.mailing()
    light, heavy = bring(house, made, HEAVY), bring(house, made, HEAVY + 1)
    write(house, made, f"![a](https://mail.example{light.path}) ![b](https://mail.example{heavy.path})")
    faults = house.ready(made).faults
    assert [(one["kind"], one["what"], one["stops"]) for one in faults] == [("heavy_picture", "shop.png", False)]
    house.database.write_now(partial(change_mailing, pictures="inside"), house.world.viewer("ivan"), made)
    assert house.see(made).check_state == "none"
    faults = house.ready(made).faults
    assert [(one["kind"], one["stops"]) for one in faults] == [("too_much_inside", True), ("heavy_picture", False)]


def test_only_what_stands_in_the_text_goes_inside() -> None:
    name = "a" * 32
    html = (
        f"<img alt='x' src='https://a.example/p/{name}.png'> <img src=\"https://b.example/p/{'b' * 32}.jpg\">"
        f'<img src="https://c.example/other.png"><td style="background:url(https://a.example/p/{name}.png)">'
    )
    inside, names = turn_inside(html)
    assert names == [f"{name}.png", f"{'b' * 32}.jpg"]
    assert inside.count('src="cid:') == 2
    assert "https://c.example/other.png" in inside
    assert f"url(https://a.example/p/{name}.png)" in inside
