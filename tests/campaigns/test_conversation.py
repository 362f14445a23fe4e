"""A conversation with a relay, spoken without a socket: what was taken is given back, answered or cut exactly once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from mailhub.campaigns.pipeline import Conversation, Parcel
from mailhub.outbound.replies import Reply


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.said = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.said += bytes(data)

    def abort(self) -> None:
        pass

    def close(self) -> None:
        pass


class Desk:
    """Has letters, and lets so many of them leave."""

    def __init__(self, letters: int, leaves: int) -> None:
        self.letters = [Parcel(n, "n@firm.example", f"r{n}@client.example", b"x\r\n") for n in range(letters)]
        self.leaves = leaves
        self.fates: dict[int, str] = {}
        self.told = Counter[int]()
        self.over = False

    def take(self) -> Parcel | None:
        return self.letters.pop(0) if self.letters else None

    def give_back(self, parcel: Parcel) -> None:
        self._say(parcel, "back")

    def handing(self, parcel: Parcel) -> bool:
        self.leaves -= 1
        return self.leaves >= 0

    def answered(self, parcel: Parcel, reply: Reply) -> None:
        self._say(parcel, str(reply.code))

    def cut(self, parcel: Parcel, why: str) -> None:
        self._say(parcel, "cut")

    def ended(self, conversation: Conversation, why: str, *, sent_away: bool) -> None:
        self.over = True

    def _say(self, parcel: Parcel, fate: str) -> None:
        self.fates[parcel.id] = fate
        self.told[parcel.id] += 1


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_letter_that_is_stopped_before_its_dot_is_given_back(pipelining: bool) -> None:
    """It was in nobody's hand before: its row stayed ``sending`` until the process ended."""

    async def play() -> Desk:
        desk, wire = Desk(3, leaves=1), Wire()
        one = Conversation(desk, pipelining=pipelining, sizes=False, utf8=False)
        one.begin(wire)
        for answer in (b"250 ok", b"250 ok", b"354 go", b"250 taken", b"250 ok", b"250 ok", b"354 go"):
            if not desk.over:
                one.data_received(answer + b"\r\n")
        assert desk.over
        return desk

    desk = asyncio.run(play())
    assert desk.fates == {0: "250", 1: "back"}
    assert set(desk.told.values()) == {1}
    assert [one.id for one in desk.letters] == [2]
