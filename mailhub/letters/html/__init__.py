"""HTML letters made harmless by two layers, each of which holds alone."""

from mailhub.letters.html.folding import split_older
from mailhub.letters.html.frame import FRAME_HEADERS, SANDBOX, frame_document
from mailhub.letters.html.harmless import HarmlessHtml, make_harmless
from mailhub.letters.html.height import estimate_height
from mailhub.letters.html.policy import POLICY_VERSION

__all__ = [
    "FRAME_HEADERS",
    "POLICY_VERSION",
    "SANDBOX",
    "HarmlessHtml",
    "estimate_height",
    "frame_document",
    "make_harmless",
    "split_older",
]
