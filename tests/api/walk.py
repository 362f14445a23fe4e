"""Walks every route of an application as everybody, with own, foreign and missing ids, and says what leaked."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from litestar.routes import HTTPRoute

from core import clock
from core.resources import assets_dir
from tests.api.asking import Answer, hang_up_after
from tests.api.world import SECRETS, SEES, World, begin_drafts

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MISSING = 1_000_000_007
STREAM_SECONDS = 0.2
EVENTS = "/api/v1/events"
# What each kind of person owns, and what is foreign to them.
OWN = {
    "outsider": ("other", "quailother"), "nobody": ("other", "quailother"), "reader": ("sales", "quailsalestwo"),
    "executor": ("sales", "quailsalesone"), "manager": ("sales", "quailsalestwo"),
    "owner": ("personal", "quailpersonal"), "administrator": ("other", "quailother"),
}  # fmt: skip
FOREIGN = {
    "outsider": ("sales", "quailsalesone"), "nobody": ("sales", "quailsalesone"), "reader": ("other", "quailother"),
    "executor": ("sales", "quailsalestwo"), "manager": ("personal", "quailpersonal"),
    "owner": ("sales", "quailsalesone"), "administrator": ("personal", "quailpersonal"),
}  # fmt: skip
SCOPED = (
    "mailbox_id", "box_id", "thread_id", "message_id", "held_id", "token_id", "grant_id", "account_id", "delivery_id",
    "draft_id", "file_id", "note_id", "notice_id", "import_id", "rule_id", "view_id", "bulk_id",
    "mailing_id", "automatic_id", "automatic_letter_id",
    "planned_id", "promise_id",
)  # fmt: skip
LEAVER = "the id of the leaver"
OWN_THREAD, FAR_THREAD = "a thread of their own", "a foreign thread"
_FILLED = (LEAVER, OWN_THREAD, FAR_THREAD)
PLAN = {"kind": "call", "subject": "Call", "starts": "2099-01-01T10:00", "timezone": "Europe/Kyiv"}
WRITTEN = {"field": "letters.last_in", "op": "within_days", "value": 9000}
SOMEBODY = {"field": "position", "op": "is_empty", "value": True}
BODIES: dict[str, list[dict[str, Any]]] = {
    "PATCH /api/v1/threads/{thread_id}": [
        {"unread": True}, {"state": "closed"}, {"counterparty_id": 1}, {"followed": True}, {"tags": ["Claim"]},
        {"priority": "urgent"}, {"answer_needed": False}, {"snoozed_until": "2099-01-01T00:00:00Z"},
        {"mailbox_id": MISSING},
    ],
    "PUT /api/v1/mailboxes/{mailbox_id}/way": [{"way": "house"}],
    "PUT /api/v1/parts/{part}": [{"used": False}],
    "POST /settings/parts": [{"part": "promises", "act": "off"}],
    "POST /settings/mailboxes/{box_id}/way": [{"way": "house"}],
    "POST /api/v1/suppressions/import": [{"csv": "gone@client.example"}],
    "POST /api/v1/tags": [{"name": "Claim"}],
    "POST /api/v1/channels": [{"name": "Radio"}],
    "POST /api/v1/channels/order": [{"ids": [1]}],
    "PATCH /api/v1/channels/{channel_id}": [{"name": "Fair"}],
    "POST /settings/channels": [{"name": "Newspaper"}],
    "POST /settings/channels/{channel_id}": [{"name": "Fair"}, {"act": "up"}],
    "POST /api/v1/marketing-events": [{"name": "Agro", "kind": "exhibition"}],
    "PATCH /api/v1/marketing-events/{marketing_id}": [{"name": "Agro", "kind": "webinar"}],
    "POST /api/v1/marketing-events/{marketing_id}/touches": [{"parties": [{"counterparty_id": 1}], "way": "met"}],
    "POST /marketing/new": [{"name": "Agro", "kind": "exhibition", "currency": "EUR"}],
    "POST /marketing/{marketing_id}/edit": [{"name": "Agro", "kind": "exhibition", "currency": "EUR"}],
    "POST /marketing/{marketing_id}/touches": [{"party": "1", "way": "visited"}, {"remove": "1"}],
    "POST /clients/{client_id}/touches": [{"event_id": "1", "way": "visited"}],
    "POST /api/v1/topics": [{"name": "Prices"}],
    "PATCH /api/v1/topics/{topic_id}": [{"about": "Each month"}],
    "POST /api/v1/sign-up-forms": [{"title": "News", "text": "Send me news."}],
    "PATCH /api/v1/sign-up-forms/{form_id}": [{"ended": False}],
    "POST /api/v1/sign-ups": [{"form_id": 1, "email": "maybe@client.example"}],
    "POST /settings/topics": [{"name": "Orders"}],
    "POST /settings/topics/{topic_id}": [{"name": "Prices"}],
    "POST /settings/topics/forms/{form_id}": [{"title": "News", "text": "Send me news."}],
    "POST /api/v1/sending-services": [{"kind": "mailgun", "name": "Mailgun", "secret": "quailsecret"}],
    "PATCH /api/v1/sending-services/{service_id}": [{"secret": "quailother"}],
    "POST /settings/suppressions": [{"address": "gone@client.example", "reason": "hand"}],
    "POST /settings/services": [{"kind": "postmark", "name": "Postmark"}],
    "POST /settings/services/{service_id}": [{"secret": "user:quail"}, {"act": "remove"}],
    "POST /join/{form_id}": [{"email": "maybe@client.example"}],
    "POST /join/{form_id}/outside": [{"email": "maybe@client.example", "version": "1"}],
    "POST /api/v1/attributes": [{"of": "contacts", "label": "Height", "type": "number"}],
    "POST /api/v1/attributes/order": [{"of": "counterparties", "ids": [1]}],
    "PATCH /api/v1/attributes/{attribute_id}": [{"label": "Business"}],
    "POST /settings/fields": [{"label": "Weight", "type": "number"}],
    "POST /settings/fields/{attribute_id}": [{"label": "Business"}],
    "POST /settings/fields/{attribute_id}/move": [{"way": "up"}],
    "POST /clients/{client_id}/fields": [{"fields": "yes", "attributes.trade": "Beans"}],
    "POST /api/v1/documents": [
        {"kind": "order", "counterparty_id": 1, "date": "2026-11-18", "currency": "EUR", "amount": 100},
    ],
    "PUT /api/v1/documents/by-external-id/{external_id}": [
        {"kind": "order", "counterparty_id": 1, "date": "2026-11-18", "currency": "EUR", "amount": 100},
    ],
    "PATCH /api/v1/documents/{document_id}": [{"number": "15"}],
    "POST /api/v1/items": [{"name": "Pump"}],
    "PATCH /api/v1/item-groups/{group_id}": [{"name": "Pumps"}],
    "PUT /api/v1/suppliers/{counterparty_id}": [{"currency": "EUR", "lead_days": 10}],
    "POST /api/v1/suppliers/{counterparty_id}/prices": [
        {"prices": [{"item_id": 1, "price": 500, "currency": "EUR", "date_from": "2026-01-01"}]},
    ],
    "POST /clients/{client_id}/supplier": [{"act": "terms", "currency": "EUR"}, {"drop": 1}],
    "POST /items/new": [{"name": "Hose"}],
    "POST /items/{item_id}": [{"name": "Big pump", "code": "P1"}],
    "POST /items/groups/{group_id}": [{"name": "Pumps"}],
    "PUT /api/v1/items/by-external-id/{external_id}": [{"name": "Pump"}],
    "PATCH /api/v1/items/{item_id}": [{"name": "Big pump"}],
    "POST /clients/{client_id}/documents/new": [{"kind": "order", "date": "2026-11-18", "currency": "EUR"}],
    "POST /documents/{document_id}/edit": [{"kind": "order", "date": "2026-11-18", "currency": "EUR"}],
    "POST /documents/{document_id}/files": [{"remove": "1"}],
    "POST /api/v1/addresses/check": [{"people": ["anna@client.example", "anna"]}],
    "POST /api/v1/search/recent": [{"words": "pumps"}],
    "POST /clients/{client_id}/hours": [{"answer_hours": "2"}],
    "PATCH /api/v1/tags/{tag_id}": [{"colour": 1}],
    "POST /api/v1/tags/{tag_id}/merge": [{"into_id": 1}],
    "POST /settings/tags": [{"name": "Claim"}],
    "POST /settings/tags/{tag_id}": [{"name": "Claim", "colour": "2"}],
    "POST /settings/tags/{tag_id}/merge": [{"into_id": "1"}],
    "POST /threads/{thread_id}/snooze": [{"when": "week"}],
    "POST /threads/{thread_id}/tag": [{"words": "Claim"}, {"tag_id": 1, "off": "yes"}],
    "POST /threads/{thread_id}/move": [{"mailbox_id": MISSING}],
    "POST /threads/{thread_id}/answer": [{"needed": ""}],
    "POST /threads/{thread_id}/urgent": [{"urgent": "yes"}],
    "POST /threads/{thread_id}/follow": [{"follow": "yes"}],
    "POST /api/v1/threads/{thread_id}/merge": [{"thread_id": OWN_THREAD}, {"thread_id": FAR_THREAD}],
    "POST /api/v1/threads/{thread_id}/unmerge": [{"thread_id": OWN_THREAD}, {"thread_id": FAR_THREAD}],
    "POST /api/v1/threads/{thread_id}/split": [{"message_ids": [1]}],
    "POST /threads/{thread_id}/merge": [{"thread_id": FAR_THREAD}],
    "POST /threads/{thread_id}/unmerge": [{"thread_id": FAR_THREAD}],
    "POST /threads/{thread_id}/split": [{"message_id": 1}],
    "POST /threads/{thread_id}/invitation": [{"message_id": 1, "act": "accepted"}, {"act": "calendar"}],
    "POST /api/v1/messages/{message_id}/invitation": [{"answer": "accepted", "words": "W"}, {}],
    "POST /api/v1/threads/{thread_id}/reply": [{"text": "Yes.", "seen_message_id": 1}],
    "POST /api/v1/messages": [{"mailbox_id": 1, "text": "Yes.", "to": [{"address": "a@client.example"}]}],
    "POST /api/v1/drafts": [
        {"thread_id": OWN_THREAD}, {"thread_id": FAR_THREAD, "kind": "forward", "files_of": 1},
        {"kind": "new", "mailbox_id": 1},
    ],
    "PATCH /api/v1/drafts/{draft_id}": [{"version": 1, "text": "Yes."}],
    "POST /api/v1/drafts/{draft_id}/attachments": [{}],
    "POST /api/v1/drafts/{draft_id}/send": [{"version": 1, "force": True}],
    "PUT /api/v1/drafts/{draft_id}/schedule": [
        {"version": 1, "send_at": clock.iso(clock.now() + clock.HOUR), "force": True},
    ],
    "POST /api/v1/dkim-keys": [{"domain": "firm.example"}],
    "POST /api/v1/letter-templates": [
        {"mailbox_id": 1, "name": "Hello", "text": "Dear {{ contact.name }}"},
        {"mailbox_id": 3, "name": "Mine", "text": "Dear {{ client.name }}", "own": True},
    ],
    "POST /api/v1/letter-templates/{template_id}/fill": [{"thread_id": OWN_THREAD}, {"thread_id": FAR_THREAD}],
    "POST /settings/signing": [{"act": "make", "domain": "firm.example"}],
    "POST /planned/{draft_id}": [{"act": "drop"}, {"act": "edit"}],
    "POST /api/v1/threads/{thread_id}/notes": [{"body": "Is it @Reader's?"}],
    "PATCH /api/v1/notes/{note_id}": [{"body": "Not ours."}],
    "POST /threads/{thread_id}/notes": [{"body": "Is it @Reader's?"}],
    "POST /notes/{note_id}": [{"body": "Not ours."}],
    "POST /api/v1/threads/{thread_id}/presence": [{"tab": "walk"}],
    "POST /api/v1/notices/read": [{"ids": [1], "read": False}, {"thread_ids": [FAR_THREAD]}],
    "PUT /api/v1/notices/wishes": [{"ways": {"letter": "mail"}}],
    "PUT /api/v1/notices/device": [{"endpoint": "https://push.example/walk", "p256dh": "BA", "auth": "c2l4"}],
    "PUT /api/v1/notices/morning": [{"hour": 8}],
    "POST /notices/read": [{"notice_id": "1", "read": "no"}],
    "PUT /api/v1/mailboxes/{mailbox_id}/acknowledgements": [{"texts": {"en": "It came."}}],
    "POST /api/v1/rules": [
        {"mailbox_id": 1, "name": "R", "if": {"all": []}, "do": [{"state": "closed"}]},
        {"mailbox_id": MISSING, "name": "R", "if": {"all": []}, "do": [{"state": "closed"}]},
    ],
    "POST /api/v1/rules/try": [{"mailbox_id": 3, "if": {"all": []}, "do": [{"state": "closed"}]}],
    "POST /api/v1/rules/order": [{"mailbox_id": 1, "ids": [1]}],
    "PATCH /api/v1/rules/{rule_id}": [{"active": True}, {"name": "Renamed", "version": 1}],
    "POST /settings/mailboxes/{box_id}/rules": [{"do_state": "closed"}],
    "POST /settings/mailboxes/{box_id}/rules/try": [{"do_state": "closed"}],
    "POST /settings/mailboxes/{box_id}/rules/order": [{"rule_id": 1, "way": "up"}],
    "POST /settings/rules/{rule_id}": [{"do_state": "closed"}],
    "POST /settings/rules/{rule_id}/switch": [{"active": "yes"}],
    "POST /api/v1/threads/bulk": [
        {"thread_ids": [OWN_THREAD], "act": "close"}, {"thread_ids": [OWN_THREAD, FAR_THREAD], "act": "reopen"},
        {"thread_ids": [FAR_THREAD], "act": "assign", "value": LEAVER},
    ],
    "POST /threads/bulk": [{"thread": FAR_THREAD, "act": "read"}, {"thread": OWN_THREAD, "act": "assign:"}],
    "POST /api/v1/views": [
        {"name": "V", "if": {"all": []}}, {"name": "V", "if": {"field": "mailbox", "op": "eq", "value": 3}},
        {"name": "V", "if": {"field": "who", "op": "contains", "value": "client"}, "sort": "due_at", "group_id": 1},
    ],
    "PATCH /api/v1/views/{view_id}": [{"name": "V"}],
    "POST /views": [{"field_0": "state", "op_0": "eq", "value_0": "open"}],
    "POST /views/{view_id}": [{"name": "V"}],
    "POST /settings/absence": [{"of": LEAVER}, {"note": "N"}],
    "POST /settings/deputies": [{"of": LEAVER}, {"deputy_0": LEAVER}],
    "POST /settings/deputies/hand-over": [{"of": LEAVER}, {}],
    "POST /settings/deputies/take-back": [{"of": LEAVER}, {}],
    "POST /settings/calendar": [{"act": "drop"}],
    "POST /settings/mailboxes/{box_id}/calendar": [{"act": "drop"}],
    "POST /settings/mailboxes/{box_id}/terms": [{"answer_hours": 4}],
    "POST /api/v1/absences": [
        {"starts_at": clock.iso(clock.now()), "user_id": LEAVER}, {"starts_at": clock.iso(clock.now())},
    ],
    "PUT /api/v1/users/{user_id}/deputies": [{"deputy_ids": [LEAVER]}],
    "PUT /api/v1/working-calendar": [{"calendar": None}],
    "PUT /api/v1/mailboxes/{mailbox_id}/working-calendar": [{"calendar": None}],
    "PUT /api/v1/mailboxes/{mailbox_id}/terms": [{"answer_hours": 4}],
    "PUT /api/v1/mailboxes/{mailbox_id}/routing": [{"way": "nobody"}, {"way": "default", "default_executor_id": 1}],
    "PUT /api/v1/counterparties/{counterparty_id}/hours": [{"answer_hours": 4}],
    "POST /api/v1/automatic-rules": [
        {"mailbox_id": 1, "name": "N", "when": {"kind": "event"}, "subject": "S", "markdown": "T"},
    ],
    "PATCH /api/v1/automatic-rules/{automatic_id}": [{"version": 1, "name": "Renamed"}],
    "POST /mailings/automatic/{automatic_id}": [{"act": "try"}, {"act": "pause"}],
    "POST /api/v1/mailings": [
        {"mailbox_id": 1, "name": "M", "everybody": True, "subject": "S", "text": "T"},
        {"mailbox_id": MISSING, "name": "M"},
    ],
    "PATCH /api/v1/mailings/{mailing_id}": [{"name": "Renamed"}],
    "PUT /api/v1/mailings/{mailing_id}/letter": [{"version": 0, "subject": "S", "text": "T"}],
    "PUT /api/v1/mailings/{mailing_id}/speed": [{"a_minute": 60, "since_hour": 9, "until_hour": 18}],
    "PUT /api/v1/paces": [{"name": "domain client.example", "a_minute": 60}, {"name": "house", "a_minute": 0}],
    "POST /mailings/sending": [{"act": "stop"}, {"act": "resume"}],
    "POST /mailings/pace": [{"domain": "client.example", "a_minute": "60"}],
    "POST /api/v1/mailings/{mailing_id}/start": [{"recipients_count": 1}],
    "POST /api/v1/mailings/{mailing_id}/test": [{}],
    "POST /api/v1/mailings/{mailing_id}/approve": [{"recipients_count": 1}],
    "POST /api/v1/transactional": [
        {"mailbox_id": 1, "to": "reader@elsewhere.example", "subject": "S", "text": "T"},
        {"mailbox_id": MISSING, "to": "reader@elsewhere.example", "subject": "S", "text": "T"},
    ],
    "POST /api/v1/suppressions": [{"address": "gone@client.example"}],
    "POST /threads/{thread_id}/reply": [{"to": "a@client.example", "text": "Yes.", "seen": "1"}],
    "POST /threads/{thread_id}/take-back": [{"message_id": 1}],
    "POST /threads/{thread_id}/delivery": [{"delivery_id": 1, "act": "retry"}],
    "POST /api/v1/quarantine/{held_id}/file": [{"counterparty_id": 1}],
    "POST /api/v1/mailboxes/{mailbox_id}/grants": [{"right": "see", "user_id": LEAVER}],
    "POST /api/v1/mailboxes": [{"address": "new@firm.example", "name": "N", "kind": "public"}],
    "POST /api/v1/accounts": [
        {"mailbox_id": 1, "host": "imap.x.example", "user": "u", "password": "p"}, {"mailbox_id": MISSING, "host": "h"},
    ],
    "POST /api/v1/imports": [
        {"mailbox_id": 1, "name": "a", "size": 1}, {"mailbox_id": MISSING, "name": "a", "size": 1},
        {"mailbox_id": 3, "path": "a"},
    ],
    "POST /api/v1/client-imports/{transfer_id}/try": [{"mapping": ["client.name"]}],
    "POST /api/v1/client-imports/{transfer_id}/rows/{n}": [{"counterparty_id": 1}],
    "POST /api/v1/doubles/apart": [{"one_id": 1, "other_id": 2}],
    "POST /api/v1/doubles/open": [{"one_id": 1, "other_id": 2}],
    "POST /clients/doubles": [{"act": "search"}, {"act": "apart", "one_id": "1", "other_id": "2"}],
    "POST /clients/import/{transfer_id}": [{"act": "try", "column_0": "client.name"}, {"act": "undo"}],
    "POST /api/v1/accounts/try": [{"mailbox_id": 1, "host": "127.0.0.1"}],
    "PATCH /api/v1/accounts/{account_id}": [
        {"write_seen": False}, {"host": "imap.thief.example"}, {"trusted_servers": ["mx.thief.example"]},
        {"sends": False},
    ],
    "PATCH /api/v1/accounts/{account_id}/folders/{folder_id}": [{"followed": True}],
    "POST /api/v1/users": [{"email": "new@firm.example", "name": "N", "password": "long enough"}],
    "POST /api/v1/groups": [{"name": "New"}],
    "POST /api/v1/counterparties": [{"name": "New"}],
    "POST /api/v1/contacts": [{"name": "New"}],
    "POST /api/v1/interactions": [{"kind": "note", "counterparty_id": 1, "body": "Pays late", "based_on_id": 1}],
    "POST /clients/hand-over": [{"client_id": 1, "to_id": MISSING}, {"from_id": MISSING, "to_id": 1}],
    "POST /api/v1/counterparties/{counterparty_id}/hand-over": [{"to_id": MISSING}],
    "POST /api/v1/users/{user_id}/hand-over-clients": [{"to_id": MISSING}],
    "POST /calendar/new": [{**PLAN, "remind_minutes": "10"}, {"starts": "x"}],
    "POST /calendar/{planned_id}": [{"act": "move", "day": "2099-01-03"}, {"act": "seen"}, {"act": "invite"}],
    "POST /calendar/{planned_id}/edit": [{**PLAN, "remind_minutes": "10"}],
    "POST /promises/new": [{"client_id": 1, "text": "Ten pumps", "due": "2099-01-01T10:00", "base_id": 1}],
    "POST /promises/{promise_id}": [{"act": "change", "due": "2099-01-01T10:00"}, {"act": "refuse"}],
    "POST /api/v1/calendar": [PLAN, {**PLAN, "counterparty_id": 1, "based_on_id": 1}],
    "PATCH /api/v1/calendar/{planned_id}": [{**PLAN, "counterparty_id": 1}],
    "POST /api/v1/calendar/{planned_id}/move": [{"starts": "2099-01-02T10:00"}],
    "POST /api/v1/calendar/{planned_id}/invitations": [{"mailbox_id": 1, "words": "W"}, {}],
    "POST /api/v1/promises": [
        {"counterparty_id": 1, "text": "Ten pumps", "due_at": "2099-01-01T00:00:00Z", "thread_id": FAR_THREAD},
        {"counterparty_id": 1, "text": "Ten pumps", "due_at": "2099-01-01T00:00:00Z"},
    ],
    "POST /api/v1/segments": [
        {"name": "New", "of": "counterparties"}, {"name": "Two", "of": "contacts", "rule": SOMEBODY},
    ],
    "POST /api/v1/segments/try": [{"of": "counterparties", "rule": WRITTEN}, {"of": "contacts", "rule": SOMEBODY}],
    "PATCH /api/v1/segments/{segment_id}": [{"name": "Renamed"}, {"rule": WRITTEN}],
    "POST /api/v1/segments/{segment_id}/members": [{"ids": [1]}],
    "POST /api/v1/segments/{segment_id}/members/remove": [{"ids": [1]}],
    "PATCH /api/v1/promises/{promise_id}": [{"text": "Twelve pumps"}],
    "PATCH /api/v1/interactions/{interaction_id}": [{"body": "Pays"}],
    "POST /api/v1/counterparties/{counterparty_id}/links": [{"other_id": 1, "kind": "dealer"}],
    "POST /api/v1/contacts/{contact_id}/consents": [{"given": True, "source": "A letter"}],
    "PATCH /api/v1/contacts/{contact_id}": [{"position": "Purchasing"}],
    "POST /segments": [{"of": "counterparties", "by": "hand", "name": "Mine"}, {"of": "contacts", "name": "Not yet"}],
    "POST /segments/draft": [{"of": "counterparties", "field_0": "city", "op_0": "eq", "act": "add"}],
    "POST /segments/count": [{"of": "counterparties", "field_0": "letters", "op_0": "gt", "value_0": "0"}],
    "POST /segments/{segment_id}": [{"of": "counterparties", "by": "hand", "name": "Renamed"}],
    "POST /segments/{segment_id}/members": [{"remove": 1}, {"name": "Nobody"}],
    "POST /clients/{client_id}/segments": [{"add": 1}, {"remove": 1}],
    "POST /clients/segments": [{"segment_id": 1, "client": 1}],
    "POST /clients/new": [{"name": "New", "kind": "company"}],
    "POST /clients/{client_id}/edit": [{"name": "Renamed", "kind": "company", "email_0": "x"}],
    "POST /clients/{client_id}/people/new": [{"name": "Boris"}],
    "POST /clients/{client_id}/people/{contact_id}": [{"name": "Anna", "email_0": "anna@client.example"}],
    "POST /clients/{client_id}/written": [{"kind": "note", "body": "Pays", "based_on_id": 1}, {"remove": 1}],
    "POST /clients/{client_id}/links": [{"name": "Nobody", "kind": "dealer"}, {"remove": 1}],
    "POST /clients/{client_id}/addresses": [{"contact_id": 1, "add": "new@client.example"}],
    "POST /api/v1/counterparties/{counterparty_id}/merge": [{"gone_id": MISSING}],
    "POST /api/v1/contacts/{contact_id}/merge": [{"gone_id": MISSING}],
    "POST /clients/{client_id}/merge": [{"gone_id": MISSING}],
    "POST /clients/{client_id}/people/{contact_id}/merge": [{"gone_id": MISSING}],
    "PATCH /api/v1/counterparties/{counterparty_id}": [{"name": "Renamed"}],
    "PATCH /api/v1/users/me": [{"theme": "dark"}],
    "POST /api/v1/users/me/password": [{"old": "wrong", "new": "long enough"}],
    "POST /api/v1/tokens": [{"name": "x"}],
    "PATCH /api/v1/users/{user_id}": [{"is_admin": False}],
    "POST /api/v1/users/me/codes": [{"setup": "AAAA", "code": "123456"}],
    "PATCH /api/v1/users/me/passkeys/{passkey_id}": [{"name": "Mine"}],
    "POST /settings/people": [{"name": "N", "email": "newer@firm.example", "role": "administrator"}],
    "POST /settings/people/{user_id}": [{"act": "sign-out"}, {"act": "administrator"}, {"act": "reset-factors"}],
    "POST /settings/sign-in/tokens": [{"name": "x", "scope": "all"}],
    "POST /settings/sign-in/passkeys/{passkey_id}": [{"act": "remove"}, {"name": "Mine"}],
    "POST /prove": [{"password": "wrong", "next": "/"}],
    "POST /login/second": [{"code": "123456", "next": "/"}],
    "POST /threads/{thread_id}/assign": [{}, {"executor_id": LEAVER}],
    "POST /threads/{thread_id}/sender": [
        {"answer": "new", "name": "N", "contact": "C"}, {"answer": "file", "counterparty_id": 1}, {"answer": "no"},
    ],
    "POST /quarantine/{held_id}/file": [{"counterparty_id": 1}],
    "POST /settings/mailboxes/{box_id}/look": [{"host": "127.0.0.1", "port": "993"}],
    "POST /settings/mailboxes/{box_id}/connect": [{"host": "127.0.0.1", "port": "993", "password": "p"}],
    "POST /settings/mailboxes/{box_id}": [{"way": "nobody"}],
}  # fmt: skip
# What pages are asked with beside their path; {far} and {own} are filled, a word searched for has a twin.
PAGE_QUERIES = (
    "?place=mailboxes/{far}", "?place=mailboxes/{missing}", "?ids={far_thread},{own_thread}", "?page=settings",
    "?section=late", "?after=x",
)  # fmt: skip


@dataclass
class Findings:
    """What the walk saw. Each list names the request."""

    requests: int = 0
    routes: set[str] = field(default_factory=set)
    leaks: list[str] = field(default_factory=list)
    told_apart: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    uncovered: list[str] = field(default_factory=list)
    compared: int = 0
    seen: set[tuple[str, str]] = field(default_factory=set)


def routes_of(world: World) -> Iterator[tuple[HTTPRoute, str]]:
    for route in world.app.routes:
        if isinstance(route, HTTPRoute):
            yield route, route.path_format


def _mailing(world: World, who: str, part: int) -> tuple[int, int]:
    """One of a mailbox of theirs, and a foreign one."""
    own, far = OWN[who][0], FOREIGN[who][0]
    return world.mailings[own][part], world.mailings["other" if far == own else far][part]


def _automatic(world: World, who: str, part: int) -> tuple[int, int]:
    """The same of letters that go by themselves."""
    own, far = OWN[who][0], FOREIGN[who][0]
    return world.automatics[own][part], world.automatics["other" if far == own else far][part]


def values_for(world: World, who: str, parameter: str) -> dict[str, Any] | None:
    """Own, foreign and missing values of a path parameter; None when the walk does not know the parameter."""
    (own_box, own), (far_box, far) = OWN[who], FOREIGN[who]
    far_token = world.spare_tokens["owner" if who != "owner" else "reader"]
    places = ("personal", "sales") if who == "owner" else ("sales", "personal")
    asset = next(path.name for path in assets_dir().iterdir() if path.suffix == ".svg")
    known: dict[str, tuple[Any, Any]] = {
        "mailbox_id": (world.boxes[own_box].id, world.boxes["other" if far_box == own_box else far_box].id),
        "thread_id": (world.threads[own], world.threads[far]),
        "message_id": (world.messages[own], world.messages[far]),
        "delivery_id": (world.deliveries[own], world.deliveries[far]),
        "suppression_id": (1, 1),
        "draft_id": tuple(world.drafts[one] for one in places),
        "file_id": tuple(world.draft_files[one] for one in places),
        "held_id": (world.held[f"quailheld{own_box}"], world.held[f"quailheld{far_box}"]),
        "token_id": (world.spare_tokens.get(who, far_token), far_token),
        "grant_id": (world.grants[own_box], world.grants["other" if far_box == own_box else far_box]),
        "counterparty_id": (world.client_id, world.client_id),
        "contact_id": (world.contact_id, world.contact_id),
        "attribute_id": (world.attribute_id, world.attribute_id),
        "document_id": (world.document_id, world.document_id),
        "item_id": (1, 1),
        "channel_id": (1, 1),
        "marketing_id": (1, 1),
        "touch_id": (1, 1),
        "external_id": ("ERP-1", "ERP-1"),
        "interaction_id": (1, 1),
        "merge_id": (1, 1),
        "planned_id": (world.planned[own], world.planned[far]),
        "promise_id": (world.promises[own], world.promises[far]),
        "link_id": (1, 1),
        "party_id": (world.client_id, world.client_id),
        "segment_id": (world.segment_id, world.segment_id),
        "user_id": (world.users["leaver"], world.users["leaver"]),
        "group_id": (world.team_id, world.team_id),
        "box_id": (world.boxes[own_box].id, world.boxes["other" if far_box == own_box else far_box].id),
        "mailing_id": _mailing(world, who, 0),
        "automatic_id": _automatic(world, who, 0),
        "automatic_letter_id": _automatic(world, who, 1),
        "recipient_id": _mailing(world, who, 1),
        "token": ("x", "x"),
        "topic_id": (1, 1),
        "form_id": (1, 1),
        "service_id": (1, 1),
        "picture_id": (1, 1),
        "picture": ("x.png", "x.png"),
        "domain": ("x.example", "x.example"),
        "rule_id": (world.rules[own_box], world.rules["other" if far_box == own_box else far_box]),
        "account_id": tuple(world.accounts[name] for name in places),
        "folder_id": (world.folder_id, world.folder_id),
        "import_id": (world.imports[own_box], world.imports["other" if far_box == own_box else far_box]),
        "transfer_id": (world.transfer_id, world.transfer_id),
        "tag_id": (world.tag_id, world.tag_id),
        "note_id": (world.notes[own], world.notes[far]),
        "notice_id": (world.notices.get(who, 0) or MISSING, world.notices["owner" if who != "owner" else "reader"]),
        "client_id": (world.client_id, world.client_id),
        "view_id": (world.view_id, world.view_id),
        "bulk_id": (world.bulk_id, world.bulk_id),
        "job_id": (1, 1),
        "key_id": (1, 1),
        "template_id": (1, 1),
        "absence_id": (1, 1),
        "passkey_id": (1, 1),
        "hold_id": (1, 1),
        "request_id": (1, 1),
        "secret": ("x", "x"),
        "part": ("promises", "promises"),
        "price_id": (1, 1),
        "kind": ("closed", "closed"),
        "key": ("google", "google"),
        "n": (0, 0),
        "name": (asset, asset),
        "path": ("x", "x"),
    }
    if parameter not in known:
        return None
    own_value, far_value = known[parameter]
    missing = {"n": 99, "kind": "closed", "key": "google"}.get(parameter, MISSING)
    return {"own": own_value, "foreign": far_value, "missing": missing}


def fillings(names: list[str]) -> list[dict[str, str]]:
    """Which kind of value each parameter gets: all alike, and one foreign or missing among own ones."""
    scoped = [name for name in names if name in SCOPED]
    every = [dict.fromkeys(names, kind) for kind in ("own", "foreign", "missing")] if names else [{}]
    mixed = [
        {**dict.fromkeys(names, "own"), name: kind} for name in scoped for kind in ("foreign", "missing")
    ] if len(names) > 1 else []  # fmt: skip
    return [*every, *mixed]


async def walk(world: World, people: tuple[str, ...] = tuple(SEES)) -> Findings:
    """Every route, method, person and kind of id."""
    found = Findings()
    for who in people:
        await world.hold_again()
        await begin_drafts(world)
        for route, path in list(routes_of(world)):
            names = [parameter.name for parameter in route.path_parameters.values()]
            values = {name: values_for(world, who, name) for name in names}
            if None in values.values():
                found.uncovered.append(f"{path}: no value for {[n for n, v in values.items() if v is None]}")
                continue
            found.routes.add(path)
            await _walk_route(world, found, who, path, names, values)
    await _walk_queries(world, found, people)
    return found


async def _walk_route(world: World, found: Findings, who: str, path: str, names: list[str], values: Any) -> None:
    asker = world.program(who)
    for method in METHODS:
        for planned in BODIES.get(f"{method} {path}", [{}]):
            filled = {
                LEAVER: world.users["leaver"], OWN_THREAD: world.threads[OWN[who][1]],
                FAR_THREAD: world.threads[FOREIGN[who][1]],
            }  # fmt: skip
            body = {name: _fill(value, filled) for name, value in planned.items()}
            answers: dict[tuple[str, ...], Answer] = {}
            for kinds in fillings(names):
                target = path.format(**{name: values[name][kind] for name, kind in kinds.items()})
                answer = await _ask(asker, method, target, body)
                answers[tuple(kinds.values())] = answer
                note(found, who, f"{method} {path} {kinds}", answer)
            _compare(found, who, f"{method} {path}", names, answers)


def _fill(value: Any, filled: dict[str, int]) -> Any:
    """The number that stands for a name, in a list too."""
    if isinstance(value, list):
        return [_fill(one, filled) for one in value]
    return filled[value] if isinstance(value, str) and value in _FILLED else value


def _compare(found: Findings, who: str, what: str, names: list[str], answers: dict[tuple[str, ...], Answer]) -> None:
    """What is foreign and what is missing must look the same; but an administrator may know of every account."""
    if who == "administrator" and "account_id" in names:
        return
    for kinds, answer in answers.items():
        scoped = [kind for name, kind in zip(names, kinds, strict=True) if name in SCOPED]
        if "foreign" not in scoped:
            continue
        twin = answers.get(tuple("missing" if kind == "foreign" else kind for kind in kinds))
        if twin is None:
            continue
        _tell_apart(found, f"{who}: {what} {kinds}", answer, twin)


async def _walk_queries(world: World, found: Findings, people: tuple[str, ...]) -> None:
    """Filters by foreign ids and searches for foreign words, on every list and every page. Whether a route reads a name
    at all does not depend on who asks: that it is deaf, two people show."""
    plain = [path for _, path in routes_of(world) if "{" not in path and path not in (EVENTS, "/metrics")]
    reads = {path: _asked_for(route) for route, path in routes_of(world)}
    for who, path in itertools.product(people, plain):
        asker, asks_deaf = world.program(who), who in people[:2]
        for name in ("mailbox_id", "thread_id"):
            if name not in reads[path] and not asks_deaf:
                continue
            kinds = values_for(world, who, name)
            assert kinds is not None
            first, second = [
                await _ask(asker, "GET", f"{path}?{name}={kinds[kind]}&q=about", {}) for kind in ("foreign", "missing")
            ]
            note(found, who, f"GET {path}?{name}=foreign", first)
            # To an executor a mailbox is no secret, only what others execute in it.
            if not (who == "executor" and name == "mailbox_id") and path != TELLS_OF_ITSELF:
                _tell_apart(found, f"{who}: GET {path}?{name}", first, second)
        for word, secret in _words_for(who, reads[path], deaf=asks_deaf):
            await _search(world, found, who, path, word, secret)
        for query in PAGE_QUERIES if not path.startswith("/api/") else ():
            far = {"far": FOREIGN[who][0], "own_thread": OWN[who][1], "far_thread": FOREIGN[who][1]}
            numbers = {
                "far": world.boxes[far["far"]].id, "missing": MISSING,
                "far_thread": world.threads[far["far_thread"]], "own_thread": world.threads[far["own_thread"]],
            }  # fmt: skip
            answer = await _ask(asker, "GET", path + query.format(**numbers), {})
            note(found, who, f"GET {path}{query}", answer)


def _asked_for(route: HTTPRoute) -> set[str]:
    """The names that a route reads out of the query, among others."""
    return {name for handler in route.route_handlers for name in handler.parsed_fn_signature.parameters}


def _words_for(who: str, reads: set[str], *, deaf: bool) -> Iterator[tuple[str, str]]:
    """Every secret is searched for where a word is read; of a route that reads none one shows that it is ``deaf``."""
    foreign = next(secret for secret in SECRETS if secret not in SEES[who])
    for word in ("q", "words"):
        for secret in SECRETS if word in reads else (foreign,) if deaf else ():
            yield word, secret


async def _search(world: World, found: Findings, who: str, path: str, word: str, secret: str) -> None:
    """A search for a word of foreign letters must look like one for a word that nobody ever wrote."""
    asker, unwritten = world.program(who), "z" * len(secret)
    first = await _ask(asker, "GET", f"{path}?{word}={secret}", {})
    note(found, who, f"GET {path}?{word}=", first, but=secret)
    if secret not in SEES[who] and path != TELLS_OF_ITSELF:
        _tell_apart(
            found,
            f"{who}: GET {path}?{word}={secret}",
            first,
            await _ask(asker, "GET", f"{path}?{word}={unwritten}", {}),
        )


TELLS_OF_ITSELF = "/settings/audit.csv"  # each asking is a line of what is answered the next time


def _tell_apart(found: Findings, what: str, first: Answer, second: Answer) -> None:
    found.compared += 1
    if (first.status, len(first.body)) != (second.status, len(second.body)):
        found.told_apart.append(f"{what}: {first.status}/{second.status}, {len(first.body)}/{len(second.body)} bytes")


async def _ask(asker: Any, method: str, target: str, body: dict[str, Any]) -> Answer:
    """One answer; a stream is listened to for a moment."""
    messages: list[Any] = []
    quiet, api = method in ("GET", "HEAD", "OPTIONS"), target.startswith("/api/")
    more: dict[str, Any] = {} if quiet else {"data": body} if api else {"body": urlencode(body or {"x": 1}).encode()}
    headers = {} if quiet or api else {"content-type": "application/x-www-form-urlencoded"}
    scope, receive = asker.open(method, target, headers=headers, **more)

    async def send(message: Any) -> None:
        messages.append(message)
        if target.startswith(EVENTS) and len(messages) == 1:
            limit.reschedule(asyncio.get_running_loop().time() + STREAM_SECONDS)

    try:
        async with asyncio.timeout(20) as limit:
            await asker.app(scope, *hang_up_after(receive, send))
    except TimeoutError:
        assert messages, f"no answer from {target}"
    content = b"".join(message.get("body", b"") for message in messages[1:])
    return Answer(messages[0]["status"], list(messages[0]["headers"]), content)


def note(found: Findings, who: str, what: str, answer: Answer, *, but: str = "") -> None:
    """Look for secrets that this person may not see, and for faults of ours. ``but`` is a word they named."""
    found.requests += 1
    said = answer.body.lower() + json.dumps(answer.headers).lower().encode()
    for secret in SECRETS:
        if secret.encode() in said and secret != but:
            found.seen.add((who, secret))
            if secret not in SEES[who]:
                found.leaks.append(f"{who} sees {secret}: {what}")
    if answer.status >= 500 and answer.status != 503:
        found.faults.append(f"{who}: {what}: {answer.status}")
