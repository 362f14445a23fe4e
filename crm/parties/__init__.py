"""The clients: counterparties, their domains, their contact persons and addresses."""

from crm.parties.hours import check_hours, count_with_hours, find_hours, set_hours
from crm.parties.matching import Match, match_address, normal_address, record_not_a_client
from crm.parties.similar import list_similar
from crm.parties.verbs import (
    ADDRESSES_MOVED,
    Contact,
    Counterparty,
    add_contact,
    add_counterparty,
    find_contact,
    find_manager,
    forget_address,
    get_contact,
    get_counterparty,
    learn_address,
    list_addresses_of,
    list_contacts,
    list_counterparties,
    list_people_of,
    update_contact,
    update_counterparty,
)

__all__ = [
    "ADDRESSES_MOVED",
    "Contact",
    "Counterparty",
    "Match",
    "add_contact",
    "add_counterparty",
    "check_hours",
    "count_with_hours",
    "find_contact",
    "find_hours",
    "find_manager",
    "forget_address",
    "get_contact",
    "get_counterparty",
    "learn_address",
    "list_addresses_of",
    "list_contacts",
    "list_counterparties",
    "list_people_of",
    "list_similar",
    "match_address",
    "normal_address",
    "record_not_a_client",
    "set_hours",
    "update_contact",
    "update_counterparty",
]
