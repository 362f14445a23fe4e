"""May a machine answer this letter? Two machines that answer each other never stop. RFC 3834 §2, RFC 5321 §6.3."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailhub.letters.values import ParsedLetter
from mailhub.letters.verdicts import Verdicts

_NOBODY = re.compile(
    r"(?:(?:no|do[._-]?not|don'?t|never)[._-]?(?:reply|respond|answer)|mailer[._-]?daemon|mail[._-]?daemon|postmaster|"
    r"daemon|bounces?|owner|listserv|majordomo|(?:auto|robot|bot)[._-]?(?:reply|answer|mail(?:er)?)?|notifications?|"
    r"alerts?|news(?:letters?)?|mailing|abuse|root|nobody|cron|www-data)(?:[+._=-].*)?"
    r"|.+-(?:request|owner|bounces?|relay|errors)",
    re.IGNORECASE,
)
_SPOKEN_TO = frozenset({"letter", "invitation"})
_PERSONAL_PRECEDENCE = frozenset({None, "normal", "first-class", "special-delivery"})


def may_auto_answer(
    parsed: ParsedLetter,
    verdicts: Verdicts | None,
    *,
    mail_from: str | None,
    is_ours: Callable[[str], bool],
) -> bool:
    """True when an automatic answer to the one address in From starts no loop and reaches nobody who did not write.

    ``mail_from`` is the sender of the envelope ('' for the null sender), None where there was none; ``is_ours`` says
    whether an address delivers to ourselves. Where the sender was asked about (``verdicts``), an answer goes to a
    proved one only: an answer to a forged letter is a letter to its victim. How often is another question:
    ``mailboxes.automatic``.
    """
    address = parsed.from_trusted
    if address is None or parsed.kind not in _SPOKEN_TO or parsed.spam_verdict:
        return False
    if parsed.auto_submitted not in (None, "no") or parsed.precedence not in _PERSONAL_PRECEDENCE:
        return False
    if parsed.list_id is not None or parsed.list_unsubscribe is not None or parsed.passed_on:
        return False
    senders = [address, *(one.address for one in parsed.sender), *([mail_from] if mail_from is not None else [])]
    if parsed.return_path == "" or any(_is_machine(sender) or is_ours(sender) for sender in senders):
        return False
    return verdicts is None or verdicts.proved


def _is_machine(address: str) -> bool:
    """The null sender, and names behind which nobody reads."""
    return not address or _NOBODY.fullmatch(address.rpartition("@")[0]) is not None
