"""Quarantine, health, clients."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace as Thing

from tests.browser.sample.house import ago


def quarantine() -> Mapping[str, object]:
    held = [
        (1, "ketoan@saomai-cokhi.example", "Reading the letter took longer than 20 seconds.", ago(hours=20), "Wed"),
        (2, "scanner@dunav-agro.example", "The process that read the letter ended.", ago(hours=5.5), "08:47"),
        (3, "robot@tender.example", "The process that read the letter ended.", ago(hours=3), "11:20"),
    ]
    source = [
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="=_saomai_20251120"',
        "",
        "--=_saomai_20251120",
        "Content-Type: text/plain; charset=x-tcvn3; format=flowed",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "K=DDnh g=F6i Qu=FD kh=B8ch, ch=F3ng t=ABi g=F6i h=E3a =AE=ACn th=B8ng 11",
        "=A7=DDnh k=CCm. Vui l=DFng x=B8c nh=CBn",
    ]
    letters = [
        Thing(
            id=number,
            url=f"/quarantine/{number}",
            sender=sender,
            mailbox="purchasing@acme.example",
            why=why,
            time_iso=iso,
            time_text=when,
            current=number == 1,
        )
        for number, sender, why, iso, when in held
    ]
    return {
        "held": Thing(total=3, next_url=None, letters=letters, retry_url="/quarantine/retry"),
        "letter": Thing(
            id=1,
            sender="ketoan@saomai-cokhi.example",
            arrived="to purchasing@acme.example, arrived Wed, 18:04",
            why="Reading the letter took longer than 20 seconds.",
            detail="It stopped in the step “understand”. Tried 2 times.",
            source=[Thing(number=38 + at, text=text) for at, text in enumerate(source)],
            source_cut=True,
            urls=Thing(raw="#", retry="/quarantine/1/retry", file="/quarantine/1/file", find="/quarantine/1/clients"),
        ),
    }


def health() -> Thing:
    checks = [
        (
            "broken",
            "tenders@acme.example",
            "The server refused the password. Check it, or ask your provider for an app password.",
            ago(hours=4),
            "10:32",
            Thing(url="#", title="Open the account"),
        ),
        (
            "look",
            "Disk",
            "12 % left on the data disk: enough for about nine days at this month's pace.",
            ago(days=1),
            "Wed, 14:20",
            None,
        ),
        ("ok", "sales@acme.example", "Last letter fetched 14:19.", ago(minutes=1), "14:19", None),
        ("ok", "Quarantine", "3 letters held, the oldest since yesterday.", ago(hours=20), "Wed, 18:04", None),
        ("ok", "Outgoing", "Nothing waits; last hand-over 14:11.", ago(minutes=9), "14:11", None),
    ]
    return Thing(
        sentence="One thing is broken, one wants a look.",
        checks=[
            Thing(state=state, name=name, text=text, since_iso=iso, since_text=when, step=step, revive_url=None)
            for state, name, text, iso, when, step in checks
        ],
    )


def clients() -> Thing:
    rows = [
        ("Балкан Логистик ЕООД", "Customer · Sofia", "Oksana Lysenko", "late", "5 h"),
        ("Степ Трейд", "Customer · Одеса", None, "late", "1 d 2 h"),
        ("Cơ khí Sao Mai", "Supplier · Hải Phòng", "Petro Hnatiuk", None, None),
        ("Northmoor Farms", "Customer · York", "Maria Sokolova", "soon", "3 h"),
    ]
    return Thing(
        total=4,
        may_add=True,
        may_import=True,
        segments=[(1, "Степ")],
        columns=[Thing(name="Region", url="#", state="ascending")],
        sort="region",
        name_url="#",
        filtered=True,
        filters=[
            Thing(
                name="own_region",
                label="Region",
                kind="choice",
                input="text",
                value="",
                high="",
                choices=[("Odesa", "Odesa")],
            ),
            Thing(name="own_limit", label="Limit", kind="range", input="text", value="100", high="", choices=[]),
            Thing(name="own_code", label="Code", kind="text", input="text", value="", high="", choices=[]),
        ],
        query="",
        next_url=None,
        rows=[
            Thing(
                id=1,
                url="#",
                name=name,
                about=about,
                manager=manager,
                waiting=Thing(state=state, text=text, since_iso=None) if state else None,
                last_in=Thing(iso=ago(hours=5), text="09:12"),
                last_out=Thing(iso=ago(days=2), text="Tue"),
                own=["Odesa"],
            )
            for name, about, manager, state, text in rows
        ],
    )
