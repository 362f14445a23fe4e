"""Who really wrote this letter? SPF, DKIM, DMARC and ARC, asked before the journey's transaction."""

from mailhub.routing.verdicts.dns import Ask, NoAnswerError
from mailhub.routing.verdicts.examiner import Examiner
from mailhub.routing.verdicts.resolver import Resolver

__all__ = ["Ask", "Examiner", "NoAnswerError", "Resolver"]
