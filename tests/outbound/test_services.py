"""Calls of services that letters leave by: proved as each of them says, forged ones not, and read into one shape."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from core import clock
from core.errors import Forbidden, HouseError, Invalid
from core.fetch import Fetched
from core.secrets import Keys
from mailhub.outbound.identity import Stamp
from mailhub.outbound.services import amazon, mailgun, postmark, sendgrid
from mailhub.outbound.services.amazon import Certificates
from mailhub.outbound.services.keeping import check_secret
from mailhub.outbound.services.told import Call, Told, find_marks

TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
AT_AMAZON = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"
STAMP = Stamp(Keys([b"k" * 32]), 1, "verp", "bounce.firm.example")
OURS = STAMP.recipient_id(7, "firm.example")
PATH = STAMP.recipient_path(7, "news@firm.example")
NOW = clock.now()


@dataclass
class Amazon:
    """Its key with a certificate, and what was asked of its servers."""

    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    asked: list[str] = field(default_factory=list)
    days: int = 10

    async def fetch(self, url: str, **_asked: Any) -> Fetched:
        self.asked.append(url)
        return Fetched("application/x-pem-file", self.certificate(), url)

    def certificate(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        until = clock.to_datetime(NOW) + timedelta(days=self.days)
        made = x509.CertificateBuilder(name, name, self.key.public_key(), 1, until - timedelta(days=90), until)
        return made.sign(self.key, SHA256()).public_bytes(Encoding.PEM)

    def sign(self, said: dict[str, str], version: str = "2") -> dict[str, str]:
        said = {"SigningCertURL": AT_AMAZON, "SignatureVersion": version, **said}
        names = sorted(set(said) - {"SigningCertURL", "SignatureVersion", "UnsubscribeURL"})
        text = "".join(f"{name}\n{said[name]}\n" for name in names)
        made = self.key.sign(text.encode(), PKCS1v15(), SHA256() if version == "2" else SHA1())
        return {**said, "Signature": base64.b64encode(made).decode()}

    def prove(self, said: dict[str, str]) -> dict[str, Any]:
        certificates = Certificates(self)  # type: ignore[arg-type]
        return asyncio.run(amazon.prove(Call({}, json.dumps(said).encode()), TOPIC, certificates))


@pytest.fixture(scope="module")
def aws() -> Amazon:
    return Amazon()


def notification(event: Any, **more: str) -> dict[str, str]:
    message = event if isinstance(event, str) else json.dumps(event)
    at = "2026-11-20T10:00:00.000Z"
    return {"Type": "Notification", "MessageId": "1", "TopicArn": TOPIC, "Message": message, "Timestamp": at, **more}


def ses(what: str, about: dict[str, Any], **more: Any) -> dict[str, Any]:
    mail = {"source": PATH, "commonHeaders": {"messageId": f"<{OURS}>"}}
    return {"notificationType": what, "mail": mail, what.lower(): about, **more}


GONE = {"bounceType": "Permanent", "bouncedRecipients": [
    {"emailAddress": "anna@client.example", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"},
]}  # fmt: skip


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_signed_notification_is_believed(aws: Amazon, version: str) -> None:
    said = aws.prove(aws.sign(notification(ses("Bounce", GONE), Subject="Bounce"), version))
    (told,) = amazon.read(said)
    assert (told.what, told.recipient.reason, told.recipient.status) == ("bounce", "unknown_user", "5.1.1")
    assert told.marks == (PATH, OURS)


Spoil = Callable[[dict[str, str], Amazon], dict[str, str]]
FORGED: dict[str, Spoil] = {
    "another word": lambda said, _aws: {**said, "Message": said["Message"].replace("anna", "boris")},
    "another topic": lambda said, aws: aws.sign({**said, "TopicArn": TOPIC + "2"}),
    "no signature": lambda said, _aws: {key: said[key] for key in said if key != "Signature"},
    "a certificate elsewhere": lambda said, _aws: {**said, "SigningCertURL": "https://evil.example/a.pem"},
    "a host that ends alike": lambda said, _aws: {
        **said, "SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem"
    },
    "somebody's bucket": lambda said, _aws: {**said, "SigningCertURL": "https://evil.s3.amazonaws.com/a.pem"},
    "a user name": lambda said, _aws: {
        **said, "SigningCertURL": "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem"
    },
    "plain http": lambda said, _aws: {**said, "SigningCertURL": AT_AMAZON.replace("https", "http")},
    "another key": lambda said, _aws: Amazon().sign(said),
    "another version": lambda said, _aws: {**said, "SignatureVersion": "3"},
    "another type": lambda said, _aws: {**said, "Type": "Whatever"},
    "a field that is no text": lambda said, _aws: {**said, "MessageId": 7},  # type: ignore[dict-item]
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_notification_is_not(aws: Amazon, name: str) -> None:
    before = len(aws.asked)
    with pytest.raises(HouseError):
        aws.prove(FORGED[name](aws.sign(notification(ses("Bounce", GONE))), aws))
    assert all(url == AT_AMAZON for url in aws.asked[before:])


def test_a_certificate_that_is_over_proves_nothing() -> None:
    late = Amazon(days=-1)
    with pytest.raises(Forbidden):
        late.prove(late.sign(notification(ses("Bounce", GONE))))


def test_a_subscription_is_confirmed_at_amazon_alone(aws: Amazon) -> None:
    there = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1"
    asked = notification("You have chosen to subscribe", Token="1", SubscribeURL=there)
    asked["Type"] = "SubscriptionConfirmation"
    assert amazon.read(aws.prove(aws.sign(asked))) == []
    assert aws.asked[-1] == there
    for elsewhere in ("http://127.0.0.1/", "https://169.254.169.254/", "https://evil.s3.amazonaws.com/"):
        with pytest.raises(Forbidden):
            aws.prove(aws.sign({**asked, "SubscribeURL": elsewhere}))
        assert aws.asked[-1] != elsewhere


PASSING = {**GONE, "bounceType": "Transient"}
PRAISE = {"complaintFeedbackType": "not-spam", "complainedRecipients": [{"emailAddress": "anna@client.example"}]}
COMPLAINT = {"complaintFeedbackType": "abuse", "complainedRecipients": [{"emailAddress": "anna@client.example"}]}
EVENT = {"eventType": "Complaint", "mail": {"headers": [{"name": "Message-ID", "value": OURS}]}, "complaint": COMPLAINT}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (ses("Bounce", GONE), [("bounce", "hard")]),
        (ses("Bounce", PASSING), [("bounce", "soft")]),
        (ses("Complaint", COMPLAINT), [("complaint", "unknown")]),
        (EVENT, [("complaint", "unknown")]),
        (ses("Complaint", PRAISE), []),
        (ses("Delivery", {}), []),
        ("Successfully validated SNS topic for Amazon SES event publishing.", []),
        ("[]", []),
    ],
)
def test_what_amazon_tells(event: Any, expected: list[tuple[str, str]]) -> None:
    told = amazon.read(notification(event))
    assert [(one.what, one.recipient.bounce_class) for one in told] == expected


def mailgun_call(event: dict[str, Any], *, at: int = NOW, key: str = "secret") -> Call:
    stamp, token = str(at // clock.SECOND), "a" * 50
    made = hmac.digest(key.encode(), (stamp + token).encode(), hashlib.sha256).hex()
    signature = {"timestamp": stamp, "token": token, "signature": made}
    return Call({}, json.dumps({"signature": signature, "event-data": event}).encode())


MAILGUN = {
    "event": "failed", "severity": "permanent", "recipient": "anna@client.example",
    "message": {"headers": {"message-id": OURS}}, "envelope": {"sender": "bounce@mg.firm.example"},
    "delivery-status": {"code": 550, "message": "5.1.1 No such user here"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("bounce", "unknown_user")),
        ({"severity": "temporary"}, ("bounce", "delayed")),
        ({"delivery-status": {"code": 552, "message": "mailbox full"}}, ("bounce", "mailbox_full")),
        ({"event": "complained"}, ("complaint", "")),
        ({"event": "opened"}, None),
    ],
)
def test_what_mailgun_tells(change: dict[str, Any], expected: tuple[str, str] | None) -> None:
    told = mailgun.read(mailgun.prove(mailgun_call({**MAILGUN, **change}), "secret"))
    assert [(one.what, one.recipient.reason) for one in told] == ([expected] if expected else [])
    assert all(one.marks == (OURS,) for one in told)


@pytest.mark.parametrize(
    "call",
    [
        mailgun_call(MAILGUN, key="other"),
        mailgun_call(MAILGUN, at=NOW - mailgun.LASTS - clock.MINUTE),
        mailgun_call(MAILGUN, at=NOW + clock.DAY),
        Call({}, b'{"event-data": {}}'),
        Call({}, b"[]"),
        Call({}, b"event=failed"),
    ],
)
def test_forged_calls_of_mailgun(call: Call) -> None:
    with pytest.raises((Forbidden, Invalid)):
        mailgun.prove(call, "secret")


POSTMARK = {
    "RecordType": "Bounce", "Type": "HardBounce", "Email": "anna@client.example", "Metadata": {"mailhub": OURS},
    "Details": "smtp;550 5.1.1 The account does not exist",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("bounce", "unknown_user")),
        ({"Details": "", "Description": "The server was unable to deliver."}, ("bounce", "unknown_user")),
        ({"Type": "SoftBounce", "Details": "452 4.2.2 mailbox full"}, ("bounce", "mailbox_full")),
        ({"Type": "Transient"}, ("bounce", "delayed")),
        ({"Type": "SpamComplaint", "RecordType": "SpamComplaint"}, ("complaint", "")),
        ({"Type": "AutoResponder"}, None),
    ],
)
def test_what_postmark_tells(change: dict[str, Any], expected: tuple[str, str] | None) -> None:
    told = postmark.read({**POSTMARK, **change})
    assert [(one.what, one.recipient.reason) for one in told] == ([expected] if expected else [])
    assert all(one.marks == (OURS,) for one in told)


def test_postmark_shows_its_password() -> None:
    body = json.dumps(POSTMARK).encode()
    right = "Basic " + base64.b64encode(b"user:secret").decode()
    assert postmark.prove(Call({"authorization": right}, body), "user:secret") == POSTMARK
    assert postmark.prove(Call({}, body), "") == POSTMARK
    for wrong in ("", "Basic " + base64.b64encode(b"user:other").decode(), "Bearer secret", "Basic ü"):
        with pytest.raises(Forbidden):
            postmark.prove(Call({"authorization": wrong}, body), "user:secret")


SIGNER = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(SIGNER.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
SENDGRID = {
    "event": "bounce", "email": "anna@client.example", "smtp-id": f"<{OURS}>", "status": "5.1.1",
    "reason": "550 5.1.1 no such user", "type": "bounce",
}  # fmt: skip


def sendgrid_call(events: Any, at: int = NOW) -> Call:
    body, stamp = json.dumps(events).encode(), str(at // clock.SECOND)
    made = base64.b64encode(SIGNER.sign(stamp.encode() + body, ec.ECDSA(SHA256()))).decode()
    return Call({sendgrid.SIGNATURE: made, sendgrid.TIMESTAMP: stamp}, body)


def test_what_sendgrid_tells() -> None:
    events = [
        SENDGRID,
        {**SENDGRID, "event": "spamreport"},
        {**SENDGRID, "event": "dropped", "status": None, "reason": "Bounced Address"},
        {**SENDGRID, "event": "bounce", "type": "blocked", "status": "5.7.1", "reason": "550 5.7.1 blocked as spam"},
        {**SENDGRID, "event": "open"}, 7, None,
    ]  # fmt: skip
    told = sendgrid.read(sendgrid.prove(sendgrid_call(events), PUBLIC))
    assert [(one.what, one.recipient.bounce_class) for one in told] == [
        ("bounce", "hard"), ("complaint", "unknown"), ("bounce", "hard"), ("bounce", "policy"),
    ]  # fmt: skip
    assert all(one.marks == (OURS,) for one in told)


def test_forged_calls_of_sendgrid() -> None:
    good = sendgrid_call([SENDGRID])
    for call in (
        Call(good.headers, good.body.replace(b"anna", b"boris")),
        Call({**good.headers, sendgrid.TIMESTAMP: str(NOW // clock.SECOND - 1)}, good.body),
        Call({}, good.body),
        Call({**good.headers, sendgrid.SIGNATURE: "%"}, good.body),
        sendgrid_call([SENDGRID], NOW - sendgrid.LASTS - clock.MINUTE),
    ):
        with pytest.raises(Forbidden):
            sendgrid.prove(call, PUBLIC)


def test_marks_are_found_in_any_text_and_scanned_in_no_time() -> None:
    plus = Stamp(STAMP.keys, 1, "plus").recipient_path(7, "news@firm.example")
    token = plus.partition("+")[2]
    assert find_marks(f"Return-Path: <{plus}>\nMessage-ID: <{OURS}>") == (f"+{token}", OURS)
    read = STAMP.read_recipient_path(f"+{token}")
    assert read is not None
    assert read.id == 7
    begun = clock.now()
    assert find_marks("b+" * 50_000, "a" * 100_000, "m.a" * 40_000, None, 7, ["x"]) == ()
    assert clock.now() - begun < 5 * clock.SECOND


@pytest.mark.parametrize(
    ("kind", "secret", "good"),
    [
        ("ses", TOPIC, True), ("ses", "bounces", False), ("mailgun", "key", True), ("mailgun", " ", False),
        ("postmark", "", True), ("postmark", "user:secret", True), ("postmark", "user", False),
        ("sendgrid", PUBLIC, True), ("sendgrid", "secret", False), ("mailgun", "a\nb", False),
    ],
)  # fmt: skip
def test_secrets_are_looked_at_before_they_are_kept(kind: str, secret: str, good: bool) -> None:
    if good:
        assert check_secret(kind, secret) == secret
    else:
        with pytest.raises(Invalid):
            check_secret(kind, secret)


def test_a_told_thing_is_a_plain_value() -> None:
    (told,) = mailgun.read({"event-data": {"event": "failed", "severity": "permanent", "recipient": 7}})
    assert told == Told("bounce", told.recipient, ())
    assert (told.recipient.address, told.recipient.reason) == ("7", "unknown")
