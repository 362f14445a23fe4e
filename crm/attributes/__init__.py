"""The fields that users add to clients, people and documents, and their values."""

from crm.attributes.asking import fact_of, field_of, members_of, value_of
from crm.attributes.filtering import RANGED, Having, having, list_listed
from crm.attributes.indexes import INDEX_JOB, MOST_INDEXES, list_wanted_indexes, set_uses
from crm.attributes.reading import get_attribute, list_attributes
from crm.attributes.saying import say_value, tell_values
from crm.attributes.shapes import HOLDERS, TYPES, Attribute, Choice, Holder, Type, Value, Values
from crm.attributes.values import LONGEST_VALUE, parse_value, read_value, read_values
from crm.attributes.verbs import (
    LONGEST_LABEL,
    NewChoice,
    add_attribute,
    change_attribute,
    count_attributes,
    end_attribute,
    order_attributes,
    restore_attribute,
)
from crm.attributes.writing import forget_choices, lay_values, set_values

__all__ = [
    "HOLDERS",
    "INDEX_JOB",
    "LONGEST_LABEL",
    "LONGEST_VALUE",
    "MOST_INDEXES",
    "RANGED",
    "TYPES",
    "Attribute",
    "Choice",
    "Having",
    "Holder",
    "NewChoice",
    "Type",
    "Value",
    "Values",
    "add_attribute",
    "change_attribute",
    "count_attributes",
    "end_attribute",
    "fact_of",
    "field_of",
    "forget_choices",
    "get_attribute",
    "having",
    "lay_values",
    "list_attributes",
    "list_listed",
    "list_wanted_indexes",
    "members_of",
    "order_attributes",
    "parse_value",
    "read_value",
    "read_values",
    "restore_attribute",
    "say_value",
    "set_uses",
    "set_values",
    "tell_values",
    "value_of",
]
