"""One invented company's afternoon, in the shape the templates ask for: for pictures of the pages and tests of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Thing

NOW = datetime(2025, 11, 20, 12, 20, tzinfo=UTC)  # a Thursday, 14:20 in Sofia
TIMEZONE = "Europe/Sofia"
LANGUAGES = [("en", "English"), ("uk", "Українська"), ("ru", "Русский"), ("bg", "Български"), ("vi", "Tiếng Việt")]


def ago(days: float = 0, hours: float = 0, minutes: float = 0) -> str:
    return (NOW - timedelta(days=days, hours=hours, minutes=minutes)).isoformat().replace("+00:00", "Z")


def local(iso: str) -> str:
    return (datetime.fromisoformat(iso) + timedelta(hours=2)).strftime("%H:%M")


def person(name: str, me: bool = False, **more: object) -> Thing:
    words = name.split()
    return Thing(name=name, initials="".join(word[0] for word in (words[0], words[-1])) if words[1:] else name[:1], me=me, **more)


OKSANA = person("Oksana Lysenko", me=True, id=1)
PETRO = person("Petro Hnatiuk", id=2)
MARIA = person("Maria Sokolova", id=3)


def shell(current: str = "waiting", *, problem: bool = False) -> Thing:
    def place(key: str, count: int | None = None) -> Thing:
        return Thing(key=key, url=f"/{key}", count=count, current=key == current)

    def box(name: str, count: int, colour: str | None, *, personal: bool = False, wrong: str | None = None) -> Thing:
        address = name + "acme.example"
        return Thing(url=f"/mailboxes/{name}", name=name, address=address, count=count, colour=colour, personal=personal,
                     current=False, problem=wrong)  # fmt: skip

    return Thing(
        user=OKSANA,
        csrf_token="sample",
        company="Acme Bearings",
        notice="Demo: nothing leaves this machine",
        last_change=4711,
        views=[place("waiting", 14), place("mine", 5), place("open", 31), place("closed")],
        mailboxes=[
            box("sales@", 7, "a"),
            box("claims@", 4, "b"),
            box("purchasing@", 2, "c"),
            *([box("tenders@", 0, "d", wrong="The server refused the password at 10:32")] if problem else []),
            box("oksana@", 1, None, personal=True),
        ],
        places=[place("clients"), place("quarantine", 3), place("health")],
        languages=[Thing(code=code, name=name) for code, name in LANGUAGES],
        units=Thing(day="d", hour="h", minute="min").__dict__,
        urls=Thing(home="/", events="", rail="/fragments/rail", preferences="/me", logout="/logout"),
    )


def row(number: int, who: str, client: str | None, subject: str, snippet: str, lang: str, **more: object) -> Thing:
    waited = more.pop("waited")
    state = more.pop("state", "none")
    iso = ago(hours=waited)  # type: ignore[arg-type]
    text = f"{int(waited)} h" if waited >= 1 else f"{int(waited * 60)} min"  # type: ignore[operator, arg-type]
    if waited >= 24:  # type: ignore[operator]
        text = "1 d 2 h"
    plain = {"unread": True, "letters": 1, "attachments": 0, "executor": None, "colour": "a", "tags": [], "undelivered": False,
             "gone": None, "current": False, "pill": Thing(state=state, text=text, since_iso=None)}  # fmt: skip
    return Thing(id=number, url=f"/threads/{number}", live_url=f"/fragments/rows/{number}", who=who, client_name=client,
                 subject=subject, snippet=snippet, lang=lang, time_iso=iso, time_text="Thu" if waited > 24 else local(iso),  # type: ignore[operator]
                 assign_url=f"/threads/{number}/assign", close_url=f"/threads/{number}/close", **(plain | more))  # fmt: skip


LATE = [
    row(1, "Ірина Шевченко", "Степ Трейд", "Рахунок за грудень: нові реквізити",
        "У рахунку вказано старий IBAN, бухгалтерія не може провести платіж", "uk", waited=26, state="late", letters=3),
    row(2, "Георги Петров", "Балкан Логистик", "Рекламация по фактура 552",
        "Два от дванадесетте лагера са с повредена опаковка и следи от ръжда", "bg", waited=5.14, state="late", letters=6,
        attachments=3, colour="b", tags=["claim"], executor=OKSANA, unread=False, current=True),
    row(3, "Nguyễn Thị Minh Châu", "Cơ khí Sao Mai", "Báo giá vòng bi quý 1/2026",
        "Chúng tôi cần 400 bộ 6308-ZZ, giao tại Hải Phòng trước ngày 15", "vi", waited=4.27, state="late", letters=2,
        tags=["quote"], executor=PETRO),
]  # fmt: skip
SOON = [
    row(4, "Дмитрий Орлов", "Алатау Снаб", "Срок поставки по заказу 1183",
        "Перевозчик просит окно разгрузки до понедельника", "ru", waited=3.3, state="soon", letters=4, executor=OKSANA),
    row(5, "Hannah Whitfield", "Northmoor Farms", "Price list 2026",
        "Could you confirm the 3 % early-order discount for November?", "en", waited=3, state="soon", letters=2,
        attachments=1, tags=["A"], executor=MARIA, unread=False),
]  # fmt: skip
IN_TIME = [
    row(6, "Мария Колева", "Дунав Агро", "Your answer was not delivered",
        "Mailbox full at dunav-agro.example. Try her second address", "bg", waited=1.17, letters=5, colour="b",
        executor=OKSANA, undelivered=True),
    row(7, "Олена Дячук", "Агролан", "Запрошення на виставку в Одесі",
        "Стенд Б-14, просимо підтвердити трьох учасників", "uk", waited=0.8, attachments=1),
    row(8, "Lê Hoàng Nam", "new sender", "Vận chuyển container Odesa – Hải Phòng",
        "Bên em có chuyến tàu ngày 4/12, còn 6 chỗ cho container 40HC", "vi", waited=0.49, colour="c"),
    row(9, "Сергій Ткач", None, "", "Перетелефонуйте, будь ласка, після обіду", "uk", waited=0.26, colour="personal"),
]  # fmt: skip


def waiting_list() -> Thing:
    def section(key: str, rows: list[Thing], count: int) -> Thing:
        return Thing(key=key, count=count, continued=False, rows=rows)

    return Thing(
        title="Waiting for us",
        url="/waiting",
        total=14,
        orders=[Thing(url="?sort=due", title="Most late first", current=True), Thing(url="?sort=new", title="Newest first", current=False)],
        sections=[section("late", LATE, 3), section("soon", SOON, 2), section("time", IN_TIME, 9)],
        next_url=None,
        news_url="/fragments/news?view=waiting",
        empty=None,
    )


def empty_list() -> Thing:
    empty = Thing(title="Nobody waits for us", text="A letter from a client comes here and stays until somebody answers it.",
                  step=Thing(url="/open", title="All open letters"))  # fmt: skip
    return Thing(title="Waiting for us", url="/waiting", total=0, orders=[], sections=[], next_url=None, news_url="/n", empty=empty)


def letter(number: int, who: Thing, way: str, iso: str, text: str, when: str, lang: str = "bg", **more: object) -> Thing:
    plain = {"folded": False, "snippet": text, "quote": None, "html_url": None, "pictures": None, "files": [], "alarm": None,
             "defects": [], "sending": None, "raw_url": f"/messages/{number}/raw"}  # fmt: skip
    return Thing(kind="letter", id=number, who=who, address=more.pop("address", ""), way=way, time_iso=iso, time_text=when,
                 lang=lang, text=text, **(plain | more))  # fmt: skip


def event(icon: str, text: str, iso: str, when: str) -> Thing:
    return Thing(kind="event", icon=icon, text=text, time_iso=iso, time_text=when, lang=None)


GEORGI = person("Георги Петров", id=9)
COMPLAINT = """Здравейте, Оксана,

вчера получихме пратката по фактура 552. Два от дванадесетте лагера 6205-2RS са с повредена опаковка и следи от ръжда. \
Монтажът започва във вторник, затова ни трябва отговор днес: ще ги замените ли, или да ги монтираме с отстъпка?

Поздрави,
Георги"""


def urls(number: int) -> Thing:
    return Thing(**{name: f"/threads/{number}/{name}" for name in ("assign", "close", "reopen", "unread")})


def complaint() -> Thing:
    files = [("лагер-1.jpg", "1.8 MB", "JPG"), ("опаковка.jpg", "2.1 MB", "JPG"), ("Протокол приемане-552.pdf", "148 kB · 2 pages", "PDF")]
    return Thing(
        id=2, url="/threads/2", back_url="/waiting", back_title="Waiting for us", subject="Рекламация по фактура 552", lang="bg",
        state="open", mailbox=Thing(name="claims@", colour="b", personal=False), may_change=True,
        deadline=Thing(state="late", text="Answer was due 13:12, 1 h 8 min late"), tags=["claim"], executor=OKSANA,
        executors=[Thing(**vars(each), current=each is OKSANA) for each in (OKSANA, PETRO, MARIA)], urls=urls(2),
        older=Thing(count=3, text="older letters, 4 – 17 Nov", entries=[]),
        entries=[
            letter(21, OKSANA, "to g.petrov@balkan-logistic.example", ago(days=2), "Пратката тръгна днес, товарителница 7741 0092", "Tue, 16:40", folded=True),
            letter(22, GEORGI, "to claims@", ago(days=2), "Чакаме я в сряда, благодаря за бързата реакция", "Tue, 17:05", folded=True),
            letter(23, GEORGI, "to claims@, cc 1", ago(hours=5.14), COMPLAINT, "09:12", address="g.petrov@balkan-logistic.example",
                   quote="On Tue 18 Nov at 16:40 Oksana wrote:\nПратката тръгна днес", pictures=Thing(count=2, show_url="?pictures=23", always_url="/senders/9/pictures"),
                   files=[Thing(name=name, size_text=size, kind=kind, url="#", preview_url=None) for name, size, kind in files]),
            event("arrow-right", "Assigned to you: you answered this client last", ago(hours=5.14), "09:12"),
            event("alarm", "Deadline 13:12: first answer in 4 working hours", ago(hours=5.14), "09:12"),
        ],
    )  # fmt: skip


def stranger() -> Thing:
    nam = person("Lê Hoàng Nam", id=10)
    text = ("Kính gửi Quý công ty,\n\nBên em là Hải Đăng Logistics tại Hải Phòng. Bên em có chuyến tàu Odesa – Hải Phòng ngày 4/12, "
            "hiện còn 6 chỗ cho container 40HC với giá ưu đãi cho khách hàng mới.\n\nTrân trọng,\nLê Hoàng Nam")  # fmt: skip
    found = complaint()
    return Thing(**vars(found) | {
        "id": 8, "subject": "Vận chuyển container Odesa – Hải Phòng", "lang": "vi", "executor": None, "tags": [], "older": None, "urls": urls(8),
        "mailbox": Thing(name="purchasing@", colour="c", personal=False), "deadline": Thing(state="none", text="Answer by Mon 24 Nov, 11:51"),
        "entries": [
            event("user-question", "No client has this address or this domain", ago(hours=.5), "13:51"),
            letter(31, nam, "to purchasing@", ago(hours=.5), text, "13:51", lang="vi", address="nam.le@haidang-logistics.example",
                   files=[Thing(name="Bảng giá cước 12-2025.xlsx", size_text="38 kB", kind="XLSX", url="#", preview_url=None)]),
        ],
    })  # fmt: skip


def client_panel() -> Thing:
    history = [
        ("arrow-down-left", "Рекламация по фактура 552", ago(hours=5.14), "09:12"),
        ("arrow-up-right", "Пратка 552: товарителница", ago(days=2), "Tue"),
        ("arrow-down-left", "Фактура 552, въпрос за ДДС", ago(days=6), "14 Nov"),
        ("phone", "Delivery window", ago(days=9), "11 Nov"),
        ("arrow-up-right", "Оферта пролет 2026", ago(days=17), "3 Nov"),
    ]
    return Thing(
        kind="client", name="Балкан Логистик ЕООД", url="/clients/7", about="Customer · Sofia", manager="Oksana Lysenko",
        waiting=Thing(state="late", text="Waiting for us since 09:12"), they_wrote="today 09:12", we_wrote="Tue 18 Nov, 16:40",
        people=[person("Георги Петров", about="Purchasing · wrote this letter"), person("Петя Иванова", about="Accounts")], people_count=4,
        history=[Thing(icon=icon, text=text, url="#", lang="bg", time_iso=iso, time_text=when) for icon, text, iso, when in history],
        history_count=218, history_url="/clients/7",
    )  # fmt: skip


def unknown_panel() -> Thing:
    facts = [("Name", "Lê Hoàng Nam", "vi"), ("Position", "Trưởng phòng kinh doanh", "vi"), ("Company", "Hải Đăng Logistics", "vi"),
             ("Phone", "+84 225 555 0148", None)]  # fmt: skip
    answers = [("new", "New client, with Nam in it", "Hải Đăng Logistics"), ("same", "Works at Cơ khí Sao Mai", "The same phone is on their card"),
               ("no", "Not a client", "Keep the letter, never ask again")]  # fmt: skip
    return Thing(
        kind="unknown", facts=[Thing(name=name, value=value, lang=lang) for name, value, lang in facts], answer_url="/threads/8/sender",
        answers=[Thing(key=key, title=title, text=text, fields={"answer": key}) for key, title, text in answers],
        earlier="Two earlier letters from this address, of 6 and 12 Nov, will move to the same place.",
    )  # fmt: skip


def quarantine() -> Mapping[str, object]:
    held = [
        (1, "ketoan@saomai-cokhi.example", "Hóa đơn tháng 11", "vi", "Unknown charset “x-tcvn3” in part 2", ago(hours=20), "Wed"),
        (2, "scanner@dunav-agro.example", None, None, "Attachment breaks off after 3.1 MB", ago(hours=5.5), "08:47"),
        (3, "robot@tender.example", "Тендер № 4471: оголошення", "uk", "Parts nested 214 deep, limit 100", ago(hours=3), "11:20"),
    ]
    source = ["MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="=_saomai_20251120"', "", "--=_saomai_20251120",
              "Content-Type: text/plain; charset=x-tcvn3; format=flowed", "Content-Transfer-Encoding: quoted-printable", "",
              "K=DDnh g=F6i Qu=FD kh=B8ch, ch=F3ng t=ABi g=F6i h=E3a =AE=ACn th=B8ng 11", "=A7=DDnh k=CCm. Vui l=DFng x=B8c nh=CBn"]  # fmt: skip
    letters = [Thing(id=number, url=f"/quarantine/{number}", sender=sender, subject=subject, lang=lang, why=why, time_iso=iso, time_text=when, current=number == 1)
               for number, sender, subject, lang, why, iso, when in held]  # fmt: skip
    events = [("download", "Stored before reading, SHA-256 9f2c…71ab"), ("file-alert", "Could not be read: step “understand”"), ("refresh", "Run again by you: the same fault")]
    return {
        "held": Thing(total=3, next_url=None, letters=letters),
        "letter": Thing(
            id=1, subject="Hóa đơn tháng 11", lang="vi", sender="ketoan@saomai-cokhi.example", arrived="to purchasing@, arrived 19 Nov 18:04 by IMAP, 86 kB",
            why="The text of part 2 names a charset that we do not know: “x-tcvn3”", detail="The letter is kept as it came. It looks like old Vietnamese TCVN3.",
            source=[Thing(number=38 + at, text=text, fault="x-tcvn3" in text) for at, text in enumerate(source)],
            events=[Thing(icon=icon, text=text, time_iso=ago(hours=20), time_text="Wed, 18:04") for icon, text in events],
            urls=Thing(raw="#", retry="/quarantine/1/retry", file="/quarantine/1/file"), threads=[Thing(id=3, title="Báo giá vòng bi quý 1/2026")]),
    }  # fmt: skip


def health() -> Thing:
    checks = [
        ("broken", "tenders@acme.example", "The server refused the password. Check it, or ask your provider for an app password.", ago(hours=4), "10:32", Thing(url="#", title="Open the account")),
        ("look", "Disk", "12 % left on the data disk: enough for about nine days at this month's pace.", ago(days=1), "Wed, 14:20", None),
        ("ok", "sales@acme.example", "Last letter fetched 14:19.", ago(minutes=1), "14:19", None),
        ("ok", "Quarantine", "3 letters held, the oldest since yesterday.", ago(hours=20), "Wed, 18:04", None),
        ("ok", "Outgoing", "Nothing waits; last hand-over 14:11.", ago(minutes=9), "14:11", None),
    ]
    return Thing(sentence="One thing is broken, one wants a look.", checks=[
        Thing(state=state, name=name, text=text, since_iso=iso, since_text=when, step=step) for state, name, text, iso, when, step in checks])  # fmt: skip


def clients() -> Thing:
    rows = [("Балкан Логистик ЕООД", "Customer · Sofia", "Oksana Lysenko", "late", "5 h"), ("Степ Трейд", "Customer · Одеса", None, "late", "1 d 2 h"),
            ("Cơ khí Sao Mai", "Supplier · Hải Phòng", "Petro Hnatiuk", None, None), ("Northmoor Farms", "Customer · York", "Maria Sokolova", "soon", "3 h")]  # fmt: skip
    return Thing(total=4, query="", next_url=None, rows=[
        Thing(url="#", name=name, about=about, manager=manager, waiting=Thing(state=state, text=text, since_iso=None) if state else None,
              last_in=Thing(iso=ago(hours=5), text="09:12"), last_out=Thing(iso=ago(days=2), text="Tue")) for name, about, manager, state, text in rows])  # fmt: skip


def pages() -> dict[str, tuple[str, Mapping[str, object]]]:
    """Name of the page → template and what it is given."""
    inbox = {"shell": shell(), "list": waiting_list(), "thread": None, "panel": None, "oob": False, "toast": None}
    asked = {"languages": [Thing(code=code, name=name, url=f"?lang={code}") for code, name in LANGUAGES], "csrf_token": "sample", "next": "/"}
    error = Thing(status=404, title="There is nothing here", text="The letter was moved or you may not see it. Ask whoever sent you the link.",
                  step=Thing(url="/", title="To the letters"), reference=None)  # fmt: skip
    done = Thing(text="Closed: Рекламация по фактура 552", undo=Thing(url="/threads/2/reopen", fields={}), stays=False)
    return {
        "inbox": ("inbox.html", inbox | {"thread": complaint(), "panel": client_panel()}),
        "inbox-list": ("inbox.html", inbox | {"toast": done}),
        "inbox-empty": ("inbox.html", inbox | {"list": empty_list()}),
        "inbox-stranger": ("inbox.html", inbox | {"thread": stranger(), "panel": unknown_panel()}),
        "quarantine": ("quarantine.html", {"shell": shell("quarantine", problem=True), "toast": None, **quarantine()}),
        "health": ("health.html", {"shell": shell("health", problem=True), "toast": None, "health": health()}),
        "clients": ("clients.html", {"shell": shell("clients"), "toast": None, "clients": clients()}),
        "login": ("login.html", asked | {"problem": None, "email": "", "notice": None}),
        "login-refused": ("login.html", asked | {"problem": "The address or the password is not right.", "email": "oksana@acme.example", "notice": "Demo: oksana@acme.example, password demo"}),
        "error": ("error.html", {"error": error}),
    }
