"""Tables of addresses that other programs wrote to no more: whose columns and words are known, and what is told."""

from __future__ import annotations

import pytest

from core import clock
from core.database import Database
from core.errors import Invalid
from core.secrets import Keys
from mailhub.outbound.suppression import find_reasons, list_suppressions, suppress, suppress_all
from mailhub.outbound.suppression_tables import MOST_ROWS, read_sheet

KEYS = Keys([b"k" * 32, b"o" * 32])
OLD = Keys([b"o" * 32])


@pytest.mark.parametrize(
    ("headers", "cells", "reason"),
    [
        (["uuid", "email", "name", "status"], ["1", "A@x.example", "A", "blocklisted"], "unsubscribed"),
        (["email", "status"], ["a@x.example", "enabled"], None),
        (["email", "reason", "date_added"], ["a@x.example", "2", "2024-01-02 03:04:05"], "bounce"),
        (["Email", "Reason"], ["a@x.example", "0"], None),
        (
            ["EmailAddress", "Reason", "LastUpdateTime"],
            ["a@x.example", "COMPLAINT", "2024-01-02T03:04:05Z"],
            "complaint",
        ),
        (["Recipient", "SuppressionReason"], ["a@x.example", "HardBounce"], "bounce"),
        (["status", "reason", "email", "created"], ["5.1.1", "550 5.1.1 gone", "a@x.example", "1700000000"], "bounce"),
        (["address", "reason"], ["a@x.example", "Soft bounce"], None),
        (["Email Address", "Opt-out"], ["a@x.example", "yes"], "hand"),
        (["email", "type"], ["'=a@x.example", "manual"], "hand"),
    ],
)
def test_whose_words_are_known(headers: list[str], cells: list[str], reason: str | None) -> None:
    sheet = read_sheet(headers, [(2, cells)], "hand")
    assert sheet.defects == []
    assert [one.reason for one in sheet.told] == ([] if reason is None else [reason])
    assert sheet.wanted == (reason is None)
    assert not [one for one in sheet.told if one.address not in ("a@x.example", "=a@x.example")]


def test_days_are_kept_and_defects_are_named() -> None:
    rows = [
        (2, ["one@x.example", "unsubscribed", "2024-01-02 03:04:05.123456+00"]),
        (3, ["nobody", "unsubscribed", ""]),
        (4, ["", "", "2024-01-02"]),
        (5, ["two@x.example", "membership ended", ""]),
        (6, ["three@x.example", "", "someday"]),
        (7, ["four@x.example", "", "01.02.2024"]),
        (8, ["", "", ""]),
    ]
    sheet = read_sheet(["email", "reason", "created_at"], rows, "unsubscribed")
    assert [(one.number, one.address) for one in sheet.told] == [
        (2, "one@x.example"), (6, "three@x.example"), (7, "four@x.example"),
    ]  # fmt: skip
    assert clock.iso(sheet.told[0].since).startswith("2024-01-02T03:04:05")
    assert sheet.told[1].since == 0
    assert clock.iso(sheet.told[2].since).startswith("2024-02-01")
    assert [one.number for one in sheet.defects] == [3, 4, 5, 6]
    assert all((one.sentence % one.fields).count("%") == 0 for one in sheet.defects)


def test_a_list_without_headers_and_one_that_is_too_long() -> None:
    sheet = read_sheet(["one@x.example"], [(2, ["two@x.example"])], "bounce")
    assert [(one.number, one.address) for one in sheet.told] == [(1, "one@x.example"), (2, "two@x.example")]
    with pytest.raises(Invalid):
        read_sheet(["email"], ((n, ["a@x.example"]) for n in range(MOST_ROWS + 1)), "bounce")


def test_many_at_once_are_what_they_are_one_by_one(database: Database) -> None:
    database.write_now(suppress, OLD, "known@x.example", "bounce")
    told = [("known@x.example", "bounce", 0), ("known@x.example", "hand", 0), ("new@x.example", "hand", 5),
            ("new@x.example", "hand", 7)]  # fmt: skip
    assert database.write_now(suppress_all, KEYS, told, "elsewhere") == 2
    assert database.write_now(suppress_all, KEYS, told, "elsewhere") == 0
    assert database.read_now(find_reasons, KEYS, "KNOWN@x.example") == ["bounce", "hand"]
    page = database.read_now(lambda tx: list_suppressions(tx, KEYS, address="new@x.example"))
    assert [(one.reason, one.detail, one.created_at) for one in page.items] == [("hand", "elsewhere", 5)]
