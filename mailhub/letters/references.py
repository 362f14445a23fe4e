"""Message ids out of Message-ID, In-Reply-To and References. RFC 5322 §3.6.4. Ids stand without their angle
brackets."""

from __future__ import annotations

import re

from mailhub.letters import limits

_ID = re.compile(rb"<[ \t]*([!-;=?-~]{1,996})[ \t]*>")
_BARE = re.compile(rb"[!-;=?-~]{1,996}")


def parse_message_id(value: bytes | None) -> str | None:
    """The first id of an unfolded Message-ID value; one without brackets counts when it is one ASCII word."""
    if value is None:
        return None
    match = _ID.search(value)
    if match is not None:
        return match[1].decode("ascii")
    bare = _BARE.fullmatch(value.strip(b"<> \t"))
    return bare[0].decode("ascii") if bare else None


def parse_ids(values: list[bytes]) -> tuple[str, ...]:
    """The ids of all the values in their order, each once, at most ``limits.IDS``: the first and the latest are
    kept."""
    if not values:
        return ()
    found = _ID.findall(b"\n".join(values) if len(values) > 1 else values[0])
    ids = tuple(dict.fromkeys(b"\n".join(found).decode("ascii").split("\n"))) if found else ()
    if not ids and len(values) == 1 and b"@" in values[0]:
        bare = (word for word in values[0].split()[: limits.IDS] if b"@" in word and _BARE.fullmatch(word))
        return tuple(word.decode("ascii") for word in bare)
    return ids if len(ids) <= limits.IDS else (ids[0], *ids[-(limits.IDS - 1) :])
