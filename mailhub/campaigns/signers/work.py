"""What a signer does: ``python -m mailhub.campaigns.signers.work FD``. It ends when its socket does.

First come the keys: their number (2 bytes), then each with its length (4 bytes), PKCS#8 in DER. Then questions: the
number of a key (1 byte), how many digests (1 byte), the digests. For each comes an answer: the signatures one after the
other, all as long as such a key makes them.
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable
from typing import BinaryIO

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

DIGEST = 32
MOST_AT_ONCE = 32


def open_key(private: bytes) -> tuple[Callable[[bytes], bytes], int]:
    """What signs a digest with this key, and how long its signatures are. Raises ValueError for another kind of key."""
    key = serialization.load_der_private_key(private, None)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign, 64
    if isinstance(key, rsa.RSAPrivateKey):
        rsa_key, pad, algorithm = key, padding.PKCS1v15(), Prehashed(hashes.SHA256())
        return lambda digest: rsa_key.sign(digest, pad, algorithm), key.key_size // 8
    raise ValueError("a key of DKIM is RSA or Ed25519")


def work(stream: BinaryIO, answer: Callable[[bytes], object]) -> None:
    """Take the keys and sign until the other side is gone."""
    count = int.from_bytes(stream.read(2), "big")
    signs = [open_key(stream.read(int.from_bytes(stream.read(4), "big")))[0] for _ in range(count)]
    while len(head := stream.read(2)) == 2:
        sign, number = signs[head[0]], head[1]
        digests = stream.read(number * DIGEST)
        if len(digests) < number * DIGEST:
            return
        answer(b"".join([sign(digests[at : at + DIGEST]) for at in range(0, len(digests), DIGEST)]))


def main() -> None:
    """On the socket that was inherited."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one in front decides when it ends
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        work(channel.makefile("rb"), channel.sendall)


if __name__ == "__main__":
    main()
