"""Suppliers: what was agreed with them, what they ask for items, and how they keep their word."""

from crm.suppliers.lists import ListRow, Unread, read_list, take_list
from crm.suppliers.reading import find_terms, list_offers, list_prices, list_suppliers, terms_of
from crm.suppliers.record import get_record, records_of
from crm.suppliers.shapes import Delivered, Price, Record, Terms
from crm.suppliers.verbs import NewPrice, add_prices, agree, drop_price

__all__ = [
    "Delivered",
    "ListRow",
    "NewPrice",
    "Price",
    "Record",
    "Terms",
    "Unread",
    "add_prices",
    "agree",
    "drop_price",
    "find_terms",
    "get_record",
    "list_offers",
    "list_prices",
    "list_suppliers",
    "read_list",
    "records_of",
    "take_list",
    "terms_of",
]
