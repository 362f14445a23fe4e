"""The client beside a thread, and the sender whom nobody knows."""

from __future__ import annotations

from types import SimpleNamespace as Thing

from tests.browser.sample.house import ago, person


def client_panel() -> Thing:
    history = [
        ("arrow-down-left", "Рекламация по фактура 552", ago(hours=5.14), "09:12"),
        ("arrow-up-right", "Пратка 552: товарителница", ago(days=2), "Tue"),
        ("arrow-down-left", "Фактура 552, въпрос за ДДС", ago(days=6), "14 Nov"),
        ("phone", "Delivery window", ago(days=9), "11 Nov"),
        ("arrow-up-right", "Оферта пролет 2026", ago(days=17), "3 Nov"),
    ]
    return Thing(
        kind="client",
        name="Балкан Логистик ЕООД",
        url="/clients/7",
        about="Customer · Sofia",
        manager="Oksana Lysenko",
        waiting=Thing(state="late", text="Waiting for us since 09:12"),
        they_wrote="today 09:12",
        we_wrote="Tue 18 Nov, 16:40",
        people=[
            person("Георги Петров", about="Purchasing · wrote this letter"),
            person("Петя Иванова", about="Accounts"),
        ],
        people_count=4,
        history=[
            Thing(icon=icon, text=text, url="#", lang="bg", time_iso=iso, time_text=when)
            for icon, text, iso, when in history
        ],
        history_count=218,
        history_url="/clients/7",
        coming=Thing(
            planned=[Thing(icon="phone", url="#", subject="Срок за уплътненията", when="16:30", state="open")],
            promises=[Thing(url="#", text="Сертификати за помпите", due="18:00", late="", side="us")],
            plan_url="/calendar/new?thread=1",
            promise_url="/promises/new?thread=1",
        ),
    )


def unknown_panel() -> Thing:
    facts = [
        ("Name", "Lê Hoàng Nam", "vi"),
        ("Position", "Trưởng phòng kinh doanh", "vi"),
        ("Company", "Hải Đăng Logistics", "vi"),
        ("Phone", "+84 225 555 0148", None),
    ]
    return Thing(
        kind="unknown",
        facts=[Thing(name=name, value=value, lang=lang) for name, value, lang in facts],
        title="Who is this?",
        text="Nobody here knows this address or its domain. One answer, and the letter finds its place.",
        may_answer=True,
        doubtful=False,
        answer_url="/threads/8/sender",
        find_url="/threads/8/clients",
        new=Thing(name="Hải Đăng Logistics", contact="Lê Hoàng Nam", domain="haidang-logistics.example"),
        answers=[Thing(title="Cơ khí Sao Mai", text="Lê Hoàng Nam", fields={"counterparty_id": "3"})],
    )
