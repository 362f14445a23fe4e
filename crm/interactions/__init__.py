"""The timeline of a client: what happened, with whom, when: letters, and what people write into it by hand.

One row per message, in the scope of its mailbox: a history shows each reader what their rights allow. What somebody
writes by hand is of the scope of the letter that it follows from, else of the house: everybody may read it.
"""

from crm.interactions.history import (
    HIDDEN,
    TOUCH,
    Base,
    Interaction,
    count_history,
    count_kinds,
    find_line_of_thread,
    get_interaction,
    list_history,
    list_timeline,
)
from crm.interactions.letters import (
    Direction,
    LetterFacts,
    forget_letter,
    forget_thread,
    get_letter_facts,
    give_letters,
    hold_facts,
    move_letters,
    record_letter,
    recount_letters,
    set_waiting,
)
from crm.interactions.tables import HOUSE, interaction, letter_facts
from crm.interactions.written import (
    KINDS,
    Basis,
    add_interaction,
    change_interaction,
    demand_contact,
    drop_interaction,
    find_basis,
    may_write,
    record_line,
    remove_line,
    say_channel,
)

__all__ = [
    "HIDDEN",
    "HOUSE",
    "KINDS",
    "TOUCH",
    "Base",
    "Basis",
    "Direction",
    "Interaction",
    "LetterFacts",
    "add_interaction",
    "change_interaction",
    "count_history",
    "count_kinds",
    "demand_contact",
    "drop_interaction",
    "find_basis",
    "find_line_of_thread",
    "forget_letter",
    "forget_thread",
    "get_interaction",
    "get_letter_facts",
    "give_letters",
    "hold_facts",
    "interaction",
    "letter_facts",
    "list_history",
    "list_timeline",
    "may_write",
    "move_letters",
    "record_letter",
    "record_line",
    "recount_letters",
    "remove_line",
    "say_channel",
    "set_waiting",
]
