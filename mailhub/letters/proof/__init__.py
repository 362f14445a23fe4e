"""What a letter carries as proof of where it comes from, made ready to be checked against keys: DKIM and ARC.

Pure: reads bytes, asks nobody. A signature is brought to the point where only the public key is missing.
"""

from mailhub.letters.proof.evidence import Evidence, Trace, find_evidence
from mailhub.letters.proof.signature import Signature

__all__ = ["Evidence", "Signature", "Trace", "find_evidence"]
