"""The list, two open threads and what is known of who wrote them."""

from __future__ import annotations

from types import SimpleNamespace as Thing

from tests.browser.sample.house import MARIA, OKSANA, PETRO, ago, local, person


def row(number: int, who: str, client: str | None, subject: str, snippet: str, lang: str, **more: object) -> Thing:
    waited = more.pop("waited")
    state = more.pop("state", "none")
    iso = ago(hours=waited)
    text = f"{int(waited)} h" if waited >= 1 else f"{int(waited * 60)} min"
    if waited >= 24:
        text = "1 d 2 h"
    plain = {
        "unread": True,
        "letters": 1,
        "attachments": 0,
        "executor": None,
        "colour": "a",
        "tags": [],
        "undelivered": False,
        "gone": None,
        "snoozed": None,
        "found": None,
        "urgent": False,
        "current": False,
        "pill": Thing(state=state, text=text, since_iso=None),
    }
    return Thing(
        id=number,
        url=f"/threads/{number}",
        live_url=f"/fragments/rows/{number}",
        who=who,
        client_name=client,
        subject=subject,
        snippet=snippet,
        lang=lang,
        time_iso=iso,
        time_text="Thu" if waited > 24 else local(iso),
        me=1,
        assign_url=f"/threads/{number}/assign",
        close_url=f"/threads/{number}/close",
        snooze_url=f"/threads/{number}/snooze",
        **(plain | more),
    )


LATE = [
    row(
        1,
        "Ірина Шевченко",
        "Степ Трейд",
        "Рахунок за грудень: нові реквізити",
        "У рахунку вказано старий IBAN, бухгалтерія не може провести платіж",
        "uk",
        waited=26,
        state="late",
        letters=3,
    ),
    row(
        2,
        "Георги Петров",
        "Балкан Логистик",
        "Рекламация по фактура 552",
        "Два от дванадесетте лагера са с повредена опаковка и следи от ръжда",
        "bg",
        waited=5.14,
        state="late",
        letters=6,
        attachments=3,
        colour="b",
        tags=[Thing(name="claim", colour="")],
        executor=OKSANA,
        unread=False,
        current=True,
    ),
    row(
        3,
        "Nguyễn Thị Minh Châu",
        "Cơ khí Sao Mai",
        "Báo giá vòng bi quý 1/2026",
        "Chúng tôi cần 400 bộ 6308-ZZ, giao tại Hải Phòng trước ngày 15",
        "vi",
        waited=4.27,
        state="late",
        letters=2,
        tags=[Thing(name="quote", colour="")],
        executor=PETRO,
    ),
]
SOON = [
    row(
        4,
        "Дмитрий Орлов",
        "Алатау Снаб",
        "Срок поставки по заказу 1183",
        "Перевозчик просит окно разгрузки до понедельника",
        "ru",
        waited=3.3,
        state="soon",
        letters=4,
        executor=OKSANA,
    ),
    row(
        5,
        "Hannah Whitfield",
        "Northmoor Farms",
        "Price list 2026",
        "Could you confirm the 3 % early-order discount for November?",
        "en",
        waited=3,
        state="soon",
        letters=2,
        attachments=1,
        tags=[Thing(name="A", colour="")],
        executor=MARIA,
        unread=False,
    ),
]
IN_TIME = [
    row(
        6,
        "Мария Колева",
        "Дунав Агро",
        "Your answer was not delivered",
        "Mailbox full at dunav-agro.example. Try her second address",
        "bg",
        waited=1.17,
        letters=5,
        colour="b",
        executor=OKSANA,
        undelivered=True,
    ),
    row(
        7,
        "Олена Дячук",
        "Агролан",
        "Запрошення на виставку в Одесі",
        "Стенд Б-14, просимо підтвердити трьох учасників",
        "uk",
        waited=0.8,
        attachments=1,
    ),
    row(
        8,
        "Lê Hoàng Nam",
        "new sender",
        "Vận chuyển container Odesa – Hải Phòng",
        "Bên em có chuyến tàu ngày 4/12, còn 6 chỗ cho container 40HC",
        "vi",
        waited=0.49,
        colour="c",
    ),
    row(9, "Сергій Ткач", None, "", "Перетелефонуйте, будь ласка, після обіду", "uk", waited=0.26, colour="personal"),
]


def waiting_list() -> Thing:
    def section(key: str, rows: list[Thing], count: int) -> Thing:
        return Thing(key=key, count=count, continued=False, rows=rows)

    return Thing(
        title="Waiting for us",
        url="/waiting",
        finds=False,
        words="",
        total=14,
        orders=[
            Thing(url="?sort=due", title="Most late first", current=True),
            Thing(url="?sort=new", title="Newest first", current=False),
        ],
        sections=[section("late", LATE, 3), section("soon", SOON, 2), section("time", IN_TIME, 9)],
        next_url=None,
        news_url="/fragments/news?view=waiting",
        bulk_url="/threads/bulk?place=waiting",
        choices_url="/fragments/choices?place=waiting",
        rows_url="/fragments/rows?place=waiting",
        older=None,
        edit_url=None,
        known=(),
        empty=None,
    )


def empty_list() -> Thing:
    empty = Thing(
        title="Nobody waits for us",
        text="A letter from a client comes here and stays until somebody answers it.",
        step=Thing(url="/open", title="All open letters"),
    )
    return Thing(
        title="Waiting for us",
        url="/waiting",
        finds=False,
        words="",
        total=0,
        orders=[],
        sections=[],
        next_url=None,
        news_url="/n",
        bulk_url="/threads/bulk?place=waiting",
        choices_url="/fragments/choices?place=waiting",
        rows_url="/fragments/rows?place=waiting",
        older=None,
        edit_url=None,
        known=(),
        empty=empty,
    )


def letter(
    number: int, who: Thing, way: str, iso: str, text: str, when: str, lang: str = "bg", **more: object
) -> Thing:
    plain = {
        "folded": False,
        "snippet": text,
        "quote": None,
        "html_url": None,
        "html_heights": {},
        "older_url": None,
        "older_heights": {},
        "pictures": None,
        "files": [],
        "alarm": None,
        "defects": [],
        "sending": [],
        "card": None,
        "split_url": None,
        "raw_url": f"/messages/{number}/raw",
    }
    return Thing(
        kind="letter",
        id=number,
        who=who,
        address=more.pop("address", ""),
        way=way,
        time_iso=iso,
        time_text=when,
        lang=lang,
        text=text,
        **(plain | more),
    )


def visit() -> Thing:
    lines = [("Кога", "21.11.2025 г., 10:00–11:30"), ("Къде", "Варна, склад 2"), ("Кани", "Георги Петров")]
    told = (("Приемам", "accepted", True), ("Може би", "tentative", False), ("Отказвам", "declined", False))
    choices = [Thing(title=title, act=act, chosen=chosen) for title, act, chosen in told]
    note = "Поканата е приета: Оксана Лисенко, 11:20."
    asked = Thing(notes=[note], choices=choices, url="/threads/1/invitation?place=waiting", planned_url="/calendar/1")
    return Thing(title="Оглед на лагерите", lines=lines, asked=asked)


def event(icon: str, text: str, iso: str, when: str) -> Thing:
    return Thing(kind="event", icon=icon, text=text, time_iso=iso, time_text=when, lang=None, other=None, acts=[])


def note() -> Thing:
    said = "@Oksana Lysenko лагерите са от партида 7731. Складът има още 14."
    before = [Thing(text="Партида 7713", time_iso=ago(hours=0.4), time_text="13:56")]
    return Thing(
        kind="note",
        id=5,
        who=PETRO,
        time_iso=ago(hours=0.5),
        time_text="13:50",
        text=said,
        body=said,
        before=before,
        deleted=False,
        change_url="/notes/5?place=waiting",
        lang=None,
    )


GEORGI = person("Георги Петров", id=9)
COMPLAINT = """Здравейте, Оксана,

вчера получихме пратката по фактура 552. Два от дванадесетте лагера 6205-2RS са с повредена опаковка и следи от ръжда. \
Монтажът започва във вторник, затова ни трябва отговор днес: ще ги замените ли, или да ги монтираме с отстъпка?

Поздрави,
Георги"""


def urls(number: int) -> Thing:
    names = ("assign", "close", "reopen", "unread", "junk", "mergeable")
    return Thing(**{name: f"/threads/{number}/{name}" for name in names})


def complaint() -> Thing:
    files = [
        ("лагер-1.jpg", "1.8 MB", "JPG"),
        ("опаковка.jpg", "2.1 MB", "JPG"),
        ("Протокол приемане-552.pdf", "148 kB · 2 pages", "PDF"),
    ]
    return Thing(
        id=2,
        url="/threads/2",
        back_url="/waiting",
        back_title="Waiting for us",
        subject="Рекламация по фактура 552",
        lang="bg",
        state="open",
        mailbox=Thing(name="claims@", colour="b", personal=False),
        may_change=True,
        work=Thing(
            snoozed=None,
            snoozed_iso="",
            moments=[],
            earliest="2025-11-20T14:20",
            tags=[],
            followers=[],
            following=False,
            urgent=False,
            answer_needed=True,
            targets=[],
            urls=Thing(
                snooze="/z", take_up="/t", answer="/a", urgent="/u", follow="/f", move="/m", tag="/g", tags="/gs"
            ),
            hands="/h",
            may_change=True,
        ),
        sharing=None,
        throw_url=None,
        newest=21,
        earlier_url=None,
        composer=Thing(
            url="/threads/2/reply",
            thread_id=2,
            whom="Георги Петров",
            mailbox_id=2,
            kind="reply",
            identities=[
                Thing(address="claims@acme.example", label="Oksana Lysenko · claims@acme.example", current=True)
            ],
            to="Георги Петров <g.petrov@balkan-log.example>",
            cc="",
            bcc="",
            subject="",
            others="p.ivanova@balkan-log.example",
            seen=21,
            quoted=None,
            signature="",
            begun=None,
            drafts=[],
            handing_on=21,
            forward_subject="Fwd: Рекламация по фактура 552",
            moments=[
                Thing(name="hour", title="In an hour", when=""),
                Thing(name="tomorrow", title="Tomorrow morning", when="09:00"),
            ],
        ),
        noting=Thing(thread_id=2, url="/threads/2/notes", colleagues_url="/api/v1/threads/2/colleagues"),
        planned=[
            Thing(
                id=4,
                url="/planned/4?place=waiting",
                sentence="Your letter to g.petrov@balkan-log.example leaves tomorrow, 09:00, unless they reply before",
                title="",
            )
        ],
        deadline=Thing(state="late", text="Answer was due 13:12, 1 h 8 min late"),
        tags=[Thing(name="claim", colour="")],
        executor=OKSANA,
        executors=[Thing(**vars(each), current=each is OKSANA) for each in (OKSANA, PETRO, MARIA)],
        urls=urls(2),
        older=Thing(count=3, text="older letters, 4 – 17 Nov", entries=[]),
        entries=[
            letter(
                21,
                OKSANA,
                "to g.petrov@balkan-logistic.example",
                ago(days=2),
                "Пратката тръгна днес, товарителница 7741 0092",
                "Tue, 16:40",
                folded=True,
            ),
            letter(
                22,
                GEORGI,
                "to claims@",
                ago(days=2),
                "Чакаме я в сряда, благодаря за бързата реакция",
                "Tue, 17:05",
                folded=True,
            ),
            letter(
                23,
                GEORGI,
                "to claims@, cc 1",
                ago(hours=5.14),
                COMPLAINT,
                "09:12",
                address="g.petrov@balkan-logistic.example",
                quote="On Tue 18 Nov at 16:40 Oksana wrote:\nПратката тръгна днес",
                pictures=Thing(count=2, show_url="?pictures=23"),
                files=[
                    Thing(name=name, size_text=size, kind=kind, url="#", preview_url=None) for name, size, kind in files
                ],
                card=visit(),
            ),
            event("arrow-right", "Assigned to you: you answered this client last", ago(hours=5.14), "09:12"),
            event("alarm", "Deadline 13:12: first answer in 4 working hours", ago(hours=5.14), "09:12"),
            note(),
        ],
    )


def stranger() -> Thing:
    nam = person("Lê Hoàng Nam", id=10)
    text = (
        "Kính gửi Quý công ty,\n\nBên em là Hải Đăng Logistics tại Hải Phòng. Bên em có chuyến tàu Odesa – Hải Phòng "
        "ngày 4/12, hiện còn 6 chỗ cho container 40HC với giá ưu đãi cho khách hàng mới.\n\nTrân trọng,\nLê Hoàng Nam"
    )
    found = complaint()
    return Thing(
        **vars(found)
        | {
            "id": 8,
            "url": "/threads/8",
            "subject": "Vận chuyển container Odesa – Hải Phòng",
            "lang": "vi",
            "executor": None,
            "tags": [],
            "older": None,
            "urls": urls(8),
            "mailbox": Thing(name="purchasing@", colour="c", personal=False),
            "deadline": Thing(state="none", text="Answer by Mon 24 Nov, 11:51"),
            "entries": [
                event("user-question", "No client has this address or this domain", ago(hours=0.5), "13:51"),
                letter(
                    31,
                    nam,
                    "to purchasing@",
                    ago(hours=0.5),
                    text,
                    "13:51",
                    lang="vi",
                    address="nam.le@haidang-logistics.example",
                    files=[
                        Thing(
                            name="Bảng giá cước 12-2025.xlsx", size_text="38 kB", kind="XLSX", url="#", preview_url=None
                        )
                    ],
                ),
            ],
        }
    )
