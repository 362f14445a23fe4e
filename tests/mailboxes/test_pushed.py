"""What is encrypted for one browser alone (RFC 8291)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, derive_private_key

from core.errors import Invalid
from mailhub.notices.pushed import encrypt, read_base64
from tests.mailboxes.test_devices import SECRET, Browser


def test_the_example_of_rfc_8291() -> None:
    browser = _key("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        read_base64("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        read_base64("BTBZMqHH6r4Tts7J_aSIgg"),
        own=_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt=read_base64("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert body == read_base64(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
        "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    opened = Browser(browser, read_base64("BTBZMqHH6r4Tts7J_aSIgg")).open(body)
    assert opened == b"When I grow up, I want to be a watermelon"


def _key(text: str) -> EllipticCurvePrivateKey:
    return derive_private_key(int.from_bytes(read_base64(text), "big"), SECP256R1())


def test_no_key_of_a_browser_but_a_point_of_the_curve() -> None:
    good = Browser().public
    for public in (b"", good[:-1], b"\x04" + bytes(64), b"\x02" + good[1:33]):
        with pytest.raises(Invalid):
            encrypt(b"x", public, SECRET)
    with pytest.raises(Invalid):
        encrypt(b"x", good, b"short")
