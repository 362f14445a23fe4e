"""What a column of a table may mean, and how its header is understood."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crm.attributes import Attribute
from crm.staff.readable import Viewer
from crm.transfer.header_words import SAID_ELSEWHERE, SAID_HERE
from crm.transfer.lexicon import Lexicon, header_key

FIELDS = (
    "client.name",
    "client.kind",
    "client.roles",
    "client.emails",
    "client.phones",
    "client.domains",
    "firm.name",
    "firm.tax_number",
    "firm.requisites",
    "client.city",
    "client.manager",
    "client.groups",
    "client.channel",
    "client.language",
    "client.time_zone",
    "client.birthday",
    "client.parent",
    "client.external_id",
    "client.about",
    "person.name",
    "person.last_name",
    "person.first_name",
    "person.middle_name",
    "person.position",
    "person.emails",
    "person.phones",
    "person.language",
    "person.birthday",
    "person.about",
    "person.consent",
    "person.consent_source",
    "person.consent_at",
)
"""In the order in which they are offered."""
SEVERAL = frozenset((
    "client.roles", "client.emails", "client.phones", "client.domains", "client.groups", "client.about",
    "firm.requisites", "person.emails", "person.phones", "person.about",
))  # fmt: skip
"""What several columns may mean at once."""
LEFT_OUT = ""
PARTS_OF_FIELDS = {"client.channel": "marketing"}
"""The parts of the house that fields belong to: without them nothing of them comes in or leaves."""
OWN = {"counterparty": "client.own.", "contact": "person.own.", "document": "document.own."}
"""What the fields that users added are called here, before their keys."""
_WORDS = Lexicon(FIELDS, SAID_ELSEWHERE, SAID_HERE)
_EXACT = {header_key(word) for words in SAID_HERE.values() for word in words.split(";")} | set(map(header_key, FIELDS))
_OF_PERSON = {"client.emails": "person.emails", "client.phones": "person.phones", "client.about": "person.about"}
_OF_PERSON |= {"client.language": "person.language"}
_BEHIND = ("client.emails", "client.phones")


def known_words(header: str) -> str:
    """The field that the header names, or nothing. A header that says more than the words of a field is understood by
    the longest of them: “E-mail (primary)”."""
    key = header_key(header)
    found = list(_WORDS.find_all(key))
    if key in _WORDS:
        return found[0]
    reached = [one for one in found if one in _BEHIND]
    if reached:  # "Contact e-mail", "Company phone"
        return _OF_PERSON[reached[0]] if "person.name" in found else reached[0]
    return found[0] if found else LEFT_OUT


def own_field(one: Attribute) -> str:
    """What a field that somebody added is called as the meaning of a column."""
    return f"{OWN[one.of]}{one.key}"


def own_header(one: Attribute) -> str:
    """The header of its column in a table that leaves: its label, unless that is read as something else."""
    return one.label if header_key(one.label) and header_key(one.label) not in _WORDS else own_field(one)


def _own_words(own: Iterable[Attribute]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in own:
        if header_key(one.label) not in _EXACT:
            found.setdefault(header_key(one.label), own_field(one))
        found[header_key(own_field(one))] = own_field(one)
    return found


def guess_mapping(headers: Sequence[str], own: Sequence[Attribute] = ()) -> list[str]:
    """What each column may mean; nothing where its header says nothing known, or what another column says already.
    ``own`` are the fields that users added: the header is the label of one."""
    labels = _own_words(own)
    mapping: list[str] = []
    has_person = False
    for header in headers:
        field = labels.get(header_key(header)) or known_words(header)
        if (
            has_person
            and header_key(header) not in _EXACT
            and field in _OF_PERSON
            and (field in _BEHIND or field in mapping)
        ):
            field = _OF_PERSON[field]  # an address behind the name of a person is theirs
        if field in mapping and field not in SEVERAL:
            field = LEFT_OUT
        has_person = has_person or field in ("person.name", "person.last_name", "person.first_name")
        mapping.append(field)
    if "client.name" not in mapping and "firm.name" in mapping:
        mapping[mapping.index("firm.name")] = "client.name"
    return mapping


def offered_of(fields: Sequence[str], viewer: Viewer) -> tuple[str, ...]:
    """Those of these fields that are used here."""
    return tuple(one for one in fields if viewer.uses(PARTS_OF_FIELDS.get(one, "")))


def leave_out_unused(mapping: Sequence[str], viewer: Viewer) -> list[str]:
    """A mapping without what is not used here."""
    return [one if viewer.uses(PARTS_OF_FIELDS.get(one, "")) else LEFT_OUT for one in mapping]


UNSAID = "Say for every column what it is, or leave it out."
WRONG = {
    "twice": "Two columns say the same. Leave one of them out.",
    "nameless": "One column has to be the name of the client or of the person.",
}


def check_mapping(mapping: Sequence[str], count: int, own: Sequence[Attribute] = ()) -> str:
    """What is wrong with a mapping of ``count`` columns, as a sentence, or nothing."""
    known = (*FIELDS, LEFT_OUT, *map(own_field, own))
    if len(mapping) != count or any(one not in known for one in mapping):
        return UNSAID
    told = [one for one in mapping if one not in SEVERAL and one]
    if len(told) != len(set(told)):
        return WRONG["twice"]
    if not {"client.name", "person.name", "person.last_name", "person.first_name", "firm.name"} & set(mapping):
        return WRONG["nameless"]
    return ""
