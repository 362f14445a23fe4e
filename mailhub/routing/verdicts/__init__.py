"""Who really wrote this letter, and is it junk? Asked before the journey's transaction."""

from mailhub.routing.verdicts.dns import Ask, NoAnswerError
from mailhub.routing.verdicts.examiner import Examiner, Findings
from mailhub.routing.verdicts.office import VerdictOffice

__all__ = ["Ask", "Examiner", "Findings", "NoAnswerError", "VerdictOffice"]
