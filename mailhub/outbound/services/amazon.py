"""Amazon SES by its notification service (SNS): a call is signed with a key whose certificate lies at Amazon, over the
fields in a fixed order; it has to be of the one topic that an administrator named. A subscription is confirmed by
asking for the address in a signed call, at Amazon and nowhere else."""

from __future__ import annotations

import base64
import binascii
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from msgspec.structs import replace

from core import clock
from core.errors import Invalid
from core.fetch import Fetcher
from mailhub.letters.sns import notified_recipients
from mailhub.letters.values import BouncedRecipient
from mailhub.outbound.services.told import MOST, Call, Told, complained, dig, find_marks, read_json, refuse, words_of

TOPIC = re.compile(r"arn:aws[a-z-]{0,10}:sns:[a-z0-9-]{3,30}:\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?")
_HOST = re.compile(r"sns\.[a-z]{2}[a-z0-9-]{1,30}\.amazonaws\.com(?:\.cn)?")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED["SubscriptionConfirmation"]
_HASHES = {"1": SHA1, "2": SHA256}
_LARGEST, _SECONDS, _KEPT = 20_000, 5.0, 8
_KINDS = {"Bounce": "bounce", "Complaint": "complaint"}
# Complaints that are none: the reader said that the letter is wanted.
_PRAISE = frozenset({"not-spam"})


@dataclass
class Certificates:
    """Fetches the certificates that notifications are signed with, each once."""

    fetcher: Fetcher
    _kept: OrderedDict[str, RSAPublicKey] = field(default_factory=OrderedDict)

    async def find(self, url: str) -> RSAPublicKey:
        """The key of the certificate at Amazon. Raises Forbidden for every other place and for one that is over,
        Unavailable when it does not come."""
        if not _is_amazon(url) or not urlsplit(url).path.endswith(".pem"):
            raise refuse()
        found = self._kept.get(url)
        if found is None:
            got = await self.fetcher.fetch(url, accept=("",), max_size=_LARGEST, deadline=_SECONDS, redirects=0)
            found = self._kept[url] = read_certificate(got.body)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    async def confirm(self, url: str) -> None:
        """Ask for the address that confirms a subscription. Raises as ``find``."""
        if not _is_amazon(url):
            raise refuse()
        await self.fetcher.fetch(url, accept=("",), max_size=_LARGEST, deadline=_SECONDS, redirects=0)


def read_certificate(pem: bytes) -> RSAPublicKey:
    """Its key. Raises Forbidden for what is none, or not good today."""
    try:
        found = x509.load_pem_x509_certificate(pem)
    except ValueError as problem:
        raise refuse() from problem
    key, now = found.public_key(), clock.to_datetime(clock.now())
    if not isinstance(key, RSAPublicKey) or not found.not_valid_before_utc <= now <= found.not_valid_after_utc:
        raise refuse()
    return key


async def prove(call: Call, topic: str, certificates: Certificates) -> dict[str, Any]:
    """The notification, once its signature and its topic are right. Raises Forbidden, Invalid, Unavailable."""
    said = read_json(call.body)
    names = _SIGNED.get(words_of(dig(said, "Type")), ())
    if not names or dig(said, "TopicArn") != topic or any(not isinstance(dig(said, one), str | None) for one in names):
        raise refuse()
    key = await certificates.find(words_of(dig(said, "SigningCertURL")))
    text = "".join(f"{name}\n{said[name]}\n" for name in names if said.get(name) is not None)
    hashed = _HASHES.get(words_of(dig(said, "SignatureVersion")))
    if hashed is None:
        raise refuse()
    try:
        signature = base64.b64decode(words_of(dig(said, "Signature")), validate=True)
        key.verify(signature, text.encode(), PKCS1v15(), hashed())
    except (InvalidSignature, binascii.Error, UnicodeEncodeError) as problem:
        raise refuse() from problem
    if said["Type"] == "SubscriptionConfirmation":
        await certificates.confirm(words_of(said.get("SubscribeURL")))
    found: dict[str, Any] = said
    return found


def read(said: dict[str, Any]) -> list[Told]:
    """What a proved notification tells of letters; nothing for all but bounces and complaints. Raises Invalid."""
    if said["Type"] != "Notification":
        return []
    try:
        event = read_json(words_of(said.get("Message")).encode())
    except Invalid:
        return []  # the greeting of a new subscription is plain text
    # The field has another name where events are published by a configuration set.
    what = words_of(dig(event, "notificationType")) or words_of(dig(event, "eventType"))
    mail = dig(event, "mail")
    headers = dig(mail, "headers")
    ours = [one.get("value") for one in headers if isinstance(one, dict)] if isinstance(headers, list) else []
    marks = find_marks(dig(mail, "source"), dig(mail, "commonHeaders", "messageId"), *ours[:200])
    if what not in _KINDS:
        return []
    told = list(notified_recipients(event)) if what == "Bounce" else list(_complaining(event))
    if what == "Bounce" and dig(event, "bounce", "bounceType") == "Transient":
        told = [_only_now(one) for one in told]
    return [Told("bounce" if what == "Bounce" else "complaint", one, marks) for one in told[:MOST]]


def _only_now(one: BouncedRecipient) -> BouncedRecipient:
    """The service calls it passing, whatever the words of the other server were: nobody is written off for it."""
    return replace(one, bounce_class="soft", reason="delayed") if one.bounce_class == "hard" else one


def _complaining(event: Any) -> Iterator[BouncedRecipient]:
    complaint = dig(event, "complaint")
    if dig(complaint, "complaintFeedbackType") in _PRAISE:
        return
    people = dig(complaint, "complainedRecipients")
    for one in people if isinstance(people, list) else []:
        yield complained(dig(one, "emailAddress"))


def _is_amazon(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None
