"""The words of saved views: which fields of threads they may ask for.

Only what stands on the thread itself or is found by one look into an index may be asked: lists are read all day. So a
view says nothing about the words of letters; for those there is search.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, exists, select

from core.fulltext.folding import fold
from core.rules import Field, Vocabulary
from crm.parties.tables import counterparty
from crm.staff.readable import Viewer
from mailhub.mailboxes.tables import tag, thread, thread_tag, unread
from mailhub.mailboxes.tag_rows import fold_tag

STATES_OF_THREADS = {"open": "Open", "snoozed": "Put aside", "closed": "Closed", "spam": "Junk"}
WAITS_FOR = {"us": "us", "them": "them"}
SPOKEN_LANGUAGES = {"en": "English", "uk": "Ukrainian", "ru": "Russian", "bg": "Bulgarian", "vi": "Vietnamese"}


def threads_for(viewer: Viewer) -> Vocabulary:
    """The words, with "me" as this viewer."""
    client = counterparty.c.id == thread.c.counterparty_id
    new = exists().where(unread.c.thread_id == thread.c.id, unread.c.user_id == viewer.user_id)
    tags = select(tag.c.key).join(thread_tag, thread_tag.c.tag_id == tag.c.id)
    return Vocabulary(
        "threads",
        [
            Field("state", "choice", "the state", thread.c.state, choices=STATES_OF_THREADS),
            Field("waiting", "choice", "who is waited for", thread.c.waiting_for, choices=WAITS_FOR),
            Field("mailbox", "reference", "the mailbox", thread.c.mailbox_id, of="mailboxes"),
            Field("executor", "reference", "the executor", thread.c.executor_id, of="users"),
            Field("mine", "flag", "it is assigned to whoever looks", _flag(thread.c.executor_id == viewer.user_id)),
            Field("unread", "flag", "it has something new for whoever looks", _flag(new)),
            Field(
                "tags", "list", "the tags", tag.c.key, fold=fold_tag, of="tags",
                within=tags.where(thread_tag.c.thread_id == thread.c.id, tag.c.deleted_at.is_(None)),
            ),
            Field("client", "reference", "the client", thread.c.counterparty_id, of="clients"),
            Field(
                "client.name", "text", "the client's name", fold=fold,
                column=select(counterparty.c.name_folded).where(client).scalar_subquery(),
            ),
            Field("client.known", "flag", "the client is known", _flag(thread.c.counterparty_id.is_not(None))),
            Field(
                "client.manager", "reference", "the client's responsible manager", of="users",
                column=select(counterparty.c.manager_id).where(client).scalar_subquery(),
            ),
            Field("who", "text", "the address of whoever writes", thread.c.who_address),
            Field("language", "choice", "the language", thread.c.language, choices=SPOKEN_LANGUAGES),
            Field("newest", "moment", "the newest letter", thread.c.last_message_at),
            Field("since", "moment", "the time since which somebody waits", thread.c.waiting_since),
            Field("due", "moment", "the deadline", thread.c.due_at),
            Field("letters", "number", "the number of letters", thread.c.message_count),
            Field("attached", "flag", "it has an attachment", _flag(thread.c.attachment_count > 0)),
            Field("undelivered", "flag", "our last letter did not arrive", _flag(thread.c.undelivered == 1)),
        ],
    )  # fmt: skip


def _flag(condition: Any) -> ColumnElement[int]:
    return case((condition, 1), else_=0)
