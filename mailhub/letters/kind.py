"""What kind of letter it is: from a person, or a bounce, an automatic answer, a complaint, an invitation, a receipt.

RFC 3464, 3834, 5965, 8098, 6047, and what servers and people do instead. In doubt it is a letter: somebody reads it.
"""

from __future__ import annotations

import re

from mailhub.letters.headers import Headers
from mailhub.letters.sns import find_notification, is_notifier, notified_kind
from mailhub.letters.subject import has_answer_prefix
from mailhub.letters.values import Address, Kind

_DAEMON = re.compile(
    r"^(?:mailer-?daemon|mail-?daemon|mdaemon|post_?master|mailerdaemon|mail[._-]?delivery|bounces?|daemon|postmast|"
    r"no-?reply-?postmaster|microsoftexchange[0-9a-f]+)(?:[+@.-]|$)", re.IGNORECASE)  # fmt: skip
_DAEMON_NAME = re.compile(
    r"mail ?delivery|mailer-daemon|mail administrator|postmaster|system administrator|delivery (?:subsystem|system|"
    r"status)|"
    r"поштова система|почтовая система|microsoft outlook$|mail system|symantec messaging", re.IGNORECASE)  # fmt: skip
_FAILED_SUBJECT = re.compile(
    r"undeliver|deliver(?:y|ed|able|ing)?[^\n]{0,30}(?:fail|status|problem|error|report|delay|notif|unsuccess|"
    r"impossible)|"
    r"fail(?:ed|ure)?[^\n]{0,30}(?:deliver|notice|notification|mail|permanent)|returned (?:mail|message|to sender|"
    r"e-?mail)|"
    r"mail (?:error|system error|could not|failure|delivery)|could ?n[o']t be (?:delivered|sent)|non[- ]?(?:deliver|"
    r"remis)|"
    r"rejected|not delivered|can'?t send|bounce|warning: (?:could not|message)|unknown (?:user|address)|error sending|"
    r"processing error|mail failed|returning to sender|"
    r"недостав|не доставлено|не може бути доставлен|не удалось доставить|ошибка доставки|задержка доставки|повернен|"
    r"скринька переповнена|ящик переполнен|кутия е пълна|лист відхилено|письмо отклонено|возврат|"
    r"không gửi được|không thể gửi|hộp thư đầy|chuyển phát thất bại|unzustellbar|nicht zugestellt|abgelehnt|zustell|"
    r"non remis|non livr|no se pudo entregar|no entregado|niedostarcz|nie dostarczon|mancato recapito|onbestelbaar|"
    r"não entreg|nedoručiteln|kézbesít|teslim edileme|iletileme|kunde inte levereras|kunne ikke leveres|"
    r"配信|送信でき|エラー|배달|반송|退信|失败|失敗|无法|無法|退回", re.IGNORECASE)  # fmt: skip
_FAILED_WORDS = re.compile(
    r"(?:could|can|was|were|has|have|did|is)[ ]?(?:not|n't|n’t)[ ](?:be |been )?(?:delivered|able to deliver|sent|"
    r"reach|accepted)|"
    r"wasn't able to deliver|unable to deliver|undeliverable|permanent(?:ly)? (?:fatal )?(?:error|failure|failed)|"
    r"delivery (?:to|of|attempt)"
    r"[^.\n]{0,60}(?:failed|blocked|delayed)|(?:failed|delayed) (?:address|recipient|addresses)|"
    r"message still undelivered|"
    r"recipients? (?:address(?:es)? )?(?:rejected|failed|unknown|were not)|"
    r"(?:no such|invalid|unknown) (?:user|recipient)|user unknown|"
    r"transcript of session|"
    r"\b[45]\d\d[ -]#?[45]\.\d\.\d|\b[45]\.\d{1,2}\.\d{1,3}\b|"
    r"не доставлено|не вдалося доставити|не може отримати|відхилено|не можем доставить|не доставлен|отклонено|"
    r"не удалось|"
    r"заблокирован|не може да бъде доставен|препълнена|không thể gửi|chưa được nhận|konnte nicht zugestellt|abgelehnt|"
    r"n'a pas pu être|no se ha podido|nie można dostarczyć|não (?:pôde|foi possível) (?:ser )?entreg|"
    r"non è stato possibile|"
    r"kon niet worden|kunde inte levereras|kunne ikke leveres|teslim edileme|nelze doručit|nu a putut fi|"
    r"ei voitu toimittaa|"
    r"无法(?:发送|送达|投递)|無法(?:傳送|送達|寄)|投递失败|배달되지|전송하지 못|"
    r"届けられ|配信でき|送信でき", re.IGNORECASE)  # fmt: skip
#: What only a report has as its subject, and what stands in its text: together they make one, whoever sent it.
_REPORT_SUBJECT = re.compile(
    r"\s*(?:\W{0,3}warning\W{0,3})?(?:undeliver(?:able|ed)|returned mail|failure notice|"
    r"mail (?:delivery|could not be delivered|system error|failed)|"
    r"delivery (?:status )?(?:notification|failure|failed|has failed|report|error|delayed)|"
    r"non[- ]?delivery|failed mail|could not deliver|message (?:not delivered|undeliverable|could not be delivered))",
    re.IGNORECASE,
)
_REPORT_WORDS = re.compile(
    r"(?:message|e-?mail|mail)s?\b[^.]{0,120}\b(?:could ?n[o'’]t|can ?not|can['’]t|was not|were not|has not been) "
    r"(?:be )?deliver|"
    r"\bdelivery of (?:the |your |this )?(?:e-?mail|message|mail)\b(?s:.{0,120}?)(?:postponed|delayed|failed)|"
    r"(?:unable to|could not|did not|couldn['’]t) deliver (?:the |your |this )?(?:message|e-?mail|mail) to|"
    r"failed (?:recipient|address)|(?:to|of) the following (?:recipient|address)|transcript of session",
    re.IGNORECASE,
)
_RETURNED_TYPES = {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}
_ADDRESS_LINE = re.compile(r"^[^\w\n]{0,12}(?:[\w -]{0,40}: ?)?[<\"]?[^\s<>@\"]{1,64}@[^\s<>@\"]{3,200}", re.MULTILINE)
_AUTO_SUBJECT = re.compile(
    r"^\s*(?:re\s*:\s*)?(?:\[?auto(?:matic)?[ -]?(?:reply|response|responder|answer)\]?|"
    r"(?:i am |i'm |currently )?out of (?:the )?office(?: (?:auto-?)?(?:reply|autoreply))?|"
    r"on (?:vacation|holiday|leave)|ooo|vacation (?:reply|message|notice)|"
    r"away from (?:the |my )?(?:office|mail|desk|email)|"
    r"автоматична відповідь|автовідповід(?:ь|ач)|немає на (?:місці|роботі)|(?:я )?у відпустці|поза офісом|"
    r"відсутн(?:ій|я) на (?:роботі|робочому місці)|"
    r"автоматический ответ|автоответ(?:чик)?|нет на (?:месте|рабочем месте)|(?:я )?в отпуске|вне офиса|"
    r"отсутствует на (?:работе|рабочем месте)|"
    r"автоматичен отговор|автоматично съобщение|извън офиса|в отпуска|"
    r"trả lời tự động|tự động trả lời|vắng mặt|đang nghỉ(?: phép)?|không có mặt tại văn phòng|"
    r"abwesenheits(?:notiz|agent|meldung|nachricht|assistent)|automatische antwort|abwesend|nicht im (?:büro|hause?)|"
    r"réponse automatique(?: d['’]absence)?|message d['’]absence|absen(?:ce|te?) du bureau|"
    r"respuesta automática|fuera de (?:la )?oficina|ausente|de vacaciones|"
    r"odpowiedź automatyczna|automatyczna odpowiedź|autoodpowiedź|poza biurem|nieobecn[ya]|na urlopie|"
    r"risposta automatica|fuori (?:sede|ufficio)|automatisch (?:antwoord|beantwoord)|afwezig|resposta automática|"
    r"fora do escritório|autosvar|automaattinen vastaus|自動返信|自[动動](?:回复|回覆|答复|答覆)|자동 (?:회신|응답))"
    r"\s*(?:[:：\])-]|$)", re.IGNORECASE)  # fmt: skip
#: Complaints of Hotmail and Outlook.com come without a machine-readable part.
_COMPLAINT = re.compile(r"\s*complaint about message from ", re.IGNORECASE)
_AUTO_HEADERS = frozenset((
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-autogenerated", "x-vacation",
    "x-mail-autoreply", "x-autoreply-domain", "x-autoreply-from", "auto-reply", "x-autoreplied",
    "x-cpanel-mailscanner-autoreply",
))  # fmt: skip
_NO_ANSWER = frozenset((b"no", b"0", b"", b"mirror"))
DELIVERY_STATUS = {"message/delivery-status", "message/global-delivery-status"}


def find_kind(
    headers: Headers,
    subject: str,
    senders: tuple[Address, ...],
    text: str,
    types: set[str],
    auto: str | None,
    return_path: str | None,
) -> Kind:
    """The kind, asked in the order in which one hides another. ``types`` are the media types of all parts; what a
    letter carries as an attachment makes no kind: a person may forward a report.

    ``return_path`` is '' for the null sender and None where nothing is known of it.
    """
    notification = find_notification(text) if is_notifier(senders) else None
    if notification is not None:
        return notified_kind(notification)
    content_type = (headers.find("content-type") or b"").lower()
    is_report = b"multipart/report" in content_type
    if b"feedback-report" in content_type or (is_report and "message/feedback-report" in types):
        return "complaint"
    if "message/rfc822" in types and _COMPLAINT.match(subject):
        return "complaint"
    if b"disposition-notification" in content_type:
        # A letter that a filter of the mailbox threw away or refused, told as if it had been read.
        return "bounce" if b"rejected" in (headers.find("auto-submitted") or b"").lower() else "receipt"
    if b"delivery-status" in content_type or headers.find("x-failed-recipients") is not None:
        return "bounce"
    if types & DELIVERY_STATUS and _is_daemon(senders, return_path):
        return "bounce"
    if _is_auto_reply(headers, subject, auto) and not _FAILED_SUBJECT.search(subject[:1000]):
        return "auto_reply"
    if _is_daemon(senders, return_path) and _tells_failure(subject, text):
        return "bounce"
    if _is_report(subject, text, types):
        return "bounce"
    if _is_auto_reply(headers, subject, auto):
        return "auto_reply"
    if "text/calendar" in types or b"text/calendar" in content_type:
        return "invitation"
    return "letter"


def _is_daemon(senders: tuple[Address, ...], return_path: str | None) -> bool:
    if return_path == "":
        return True
    return not senders or any(
        not sender.address or _DAEMON.match(sender.address) or _DAEMON_NAME.search(sender.name) for sender in senders
    )


def _tells_failure(subject: str, text: str) -> bool:
    return _FAILED_SUBJECT.search(subject[:1000]) is not None or _FAILED_WORDS.search(text[:8_000]) is not None


def _is_report(subject: str, text: str, types: set[str]) -> bool:
    """A report that no daemon signs. Both its subject and its words must say so, and it names whom it could not reach
    or brings the letter back: a person who writes of a parcel does not. Answers and forwards are of persons."""
    if not _REPORT_SUBJECT.match(subject) or has_answer_prefix(subject):
        return False
    head = text[:2_000]
    return _REPORT_WORDS.search(head) is not None and bool(types & _RETURNED_TYPES or _ADDRESS_LINE.search(head))


def _is_auto_reply(headers: Headers, subject: str, auto: str | None) -> bool:
    if auto is not None and auto != "no":
        return True
    if any((headers.find(name) or b"").lower() not in _NO_ANSWER for name in headers.any_of(_AUTO_HEADERS)):
        return True
    precedence = (headers.find("precedence") or b"").strip().lower()
    if precedence in {b"auto_reply", b"auto-reply"} or headers.find("x-auto-response-suppress") is not None:
        return True
    return _AUTO_SUBJECT.match(subject[:300]) is not None
