"""What a notice says, in the language of its reader. Never words of a letter or a note: those are read in their place,
by whoever may read them then."""

from __future__ import annotations

from core.language import Language
from mailhub.mailboxes.notice_tables import Kind
from mailhub.mailboxes.notices import Notice


def say_notice(language: Language, now: int, notice: Notice) -> str:
    """One sentence. Fields that end with ``_at`` are moments; a field ``sentence`` says it better than its kind."""
    fields = {
        name: language.format_list_time(now, value) if name.endswith("_at") and isinstance(value, int) else value
        for name, value in notice.fields.items()
    }
    row = notice.row
    if row is not None:
        fields |= {"subject": row.subject or language.gettext("no subject"), "who": row.who or row.who_address}
        fields |= {"executor": row.executor_name or language.gettext("Nobody yet")}
    elif notice.planned is not None:
        fields |= {"subject": notice.planned.subject, "due_at": language.format_list_time(now, notice.planned.due_at)}
    elif notice.promise is not None:
        fields |= {"subject": notice.promise.text, "due_at": language.format_list_time(now, notice.promise.due_at)}
    fields["by"] = notice.by or ""
    sentence = str(fields.pop("sentence", "") or _sentence(notice.kind, named=notice.by is not None))
    return language.gettext(sentence, **fields)


def _sentence(kind: Kind, *, named: bool) -> str:
    sentences: dict[Kind, str] = {
        "assigned": "%(by)s gave you “%(subject)s”" if named else "“%(subject)s” is in your hands now",
        "mentioned": "%(by)s named you in a note: “%(subject)s”",
        "letter": "%(who)s wrote: “%(subject)s”",
        "bounced": "An answer did not arrive: “%(subject)s”",
        "unsent": "A planned letter was not sent: “%(subject)s”",
        "reminder": "“%(subject)s” has to be answered soon",
        "escalation": "“%(subject)s” is late. In whose hands: %(executor)s",
        "snooze": "“%(subject)s” is back: its time has come",
        "planned": "%(by)s planned for you, %(due_at)s: “%(subject)s”"
        if named
        else "Planned, %(due_at)s: “%(subject)s”",
        "promise": "Promised, %(due_at)s: “%(subject)s”",
    }
    return sentences[kind]
