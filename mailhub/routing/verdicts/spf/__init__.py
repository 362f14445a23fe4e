"""May this host send letters of that domain? RFC 7208, without its explanations."""

from mailhub.routing.verdicts.spf.evaluation import check_host

__all__ = ["check_host"]
