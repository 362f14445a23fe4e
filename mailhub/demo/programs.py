"""How mail programs write a letter: plain in many charsets, and as Gmail, Outlook, mail.ru, ukr.net and abv.bg do.

A program is a function ``program(note) -> Part``; ``choose_program`` picks one that people of a language use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape

from mailhub.demo.attachments import make_logo
from mailhub.demo.mime import Part, file_part, multipart, text_part
from mailhub.demo.words import Words


@dataclass(frozen=True, slots=True)
class Quoted:
    """The letter before, as it is quoted under the new one."""

    name: str
    address: str
    to: str
    date: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """What a person typed, and what their program knows about it."""

    text: str
    words: Words
    domain: str
    quoted: Quoted | None = None


Program = Callable[[Note], Part]


def _introduced(note: Note, quoted: Quoted) -> str:
    return note.words.wrote.format(date=quoted.date, name=quoted.name, address=quoted.address)


def _html(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br>\n")


def plain(note: Note, charset: str, encoding: str) -> Part:
    """Nothing but text, the quotation behind ``>``."""
    text = note.text
    if note.quoted is not None:
        lines = "\n".join(f"> {line}".rstrip() for line in note.quoted.text.split("\n"))
        text += f"\n\n{_introduced(note, note.quoted)}\n{lines}"
    return text_part(text + "\n", "plain", charset, encoding)


def gmail(note: Note) -> Part:
    """multipart/alternative with a ``gmail_quote``."""
    html = f'<div dir="ltr">{_html(note.text)}</div>'
    if note.quoted is not None:
        html += (
            '<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
            f"{_html(_introduced(note, note.quoted))}<br>"
            '</div><blockquote class="gmail_quote" style="margin:0 0 0 0.8ex;border-left:1px solid '
            f'rgb(204,204,204);padding-left:1ex"><div dir="ltr">{_html(note.quoted.text)}</div></blockquote></div>'
        )
    return multipart("alternative", [plain(note, "utf-8", "base64"), text_part(html, "html")])


def outlook(note: Note) -> Part:
    """Word's HTML with a logo in the signature, the quotation under a line with four labels."""
    paragraphs = "".join(
        '<p class="MsoNormal" style="margin:0cm;font-size:11.0pt;font-family:Calibri,sans-serif">'
        f"{_html(line) or '&nbsp;'}<o:p></o:p></p>"
        for line in note.text.split("\n")
    )
    quoted_html = quoted_text = ""
    if note.quoted is not None:
        values = (f"{note.quoted.name} <{note.quoted.address}>", note.quoted.date, note.quoted.to, note.quoted.subject)
        labelled = list(zip(note.words.labels, values, strict=True))
        lines = "<br>".join(f"<b>{label}:</b> {escape(value)}" for label, value in labelled)
        quoted_html = (
            '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">'
            f"{lines}</p></div><p>{_html(note.quoted.text)}</p>"
        )
        head = "\n".join(f"{label}: {value}" for label, value in labelled)
        quoted_text = f"\n\n-----Original Message-----\n{head}\n\n{note.quoted.text}"
    logo_id = f"logo.{note.domain}"
    html = (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{margin:0cm}</style></head>'
        f'<body lang="{note.words.code}"><div class="WordSection1">{paragraphs}'
        f'<p><img width="96" height="32" src="cid:{logo_id}"></p>{quoted_html}</div></body></html>'
    )
    both = multipart(
        "alternative",
        [
            text_part(note.text + quoted_text + "\n", "plain", "utf-8", "quoted-printable"),
            text_part(html, "html", "utf-8", "quoted-printable"),
        ],
    )
    logo = file_part(make_logo(sum(note.domain.encode()) % 8), "image/png", "image001.png", logo_id)
    return multipart("related", [both, logo], '; type="multipart/alternative"')


def mail_ru(note: Note) -> Part:
    """Two HTML tails: a signature block, and a quotation with a blue edge."""
    html = f"<HTML><BODY><div>{_html(note.text)}</div>"
    if note.quoted is not None:
        html += (
            '<blockquote style="border-left:1px solid #0857A6;margin:10px;padding:0 0 0 10px;">'
            f"{_html(_introduced(note, note.quoted))}<br><div>{_html(note.quoted.text)}</div></blockquote>"
        )
    return multipart(
        "alternative", [plain(note, "utf-8", "base64"), text_part(html + "</BODY></HTML>", "html", "utf-8", "base64")]
    )


def ukr_net(note: Note) -> Part:
    """HTML with a lined-off quotation after an italic sentence."""
    html = f'<div style="font-family:Arial,sans-serif;font-size:14px">{_html(note.text)}</div>'
    if note.quoted is not None:
        html += (
            f'<br><br><div><i><span style="font-size:10pt">{_html(_introduced(note, note.quoted))}</span></i></div>'
            '<blockquote style="border-left:1px solid rgb(204,204,204);margin:0 0 0 0.8ex;padding-left:1ex">'
            f"<div>{_html(note.quoted.text)}</div></blockquote>"
        )
    return multipart("alternative", [plain(note, "utf-8", "quoted-printable"), text_part(html, "html")])


def abv_bg(note: Note) -> Part:
    """HTML only, the quotation after a dashed heading with the four labels."""
    html = f"<div>{_html(note.text)}</div>"
    if note.quoted is not None:
        values = (note.quoted.name, note.quoted.date, note.quoted.to, note.quoted.subject)
        lines = "<br>".join(f"{label}: {escape(value)}" for label, value in zip(note.words.labels, values, strict=True))
        html += (
            '<br><blockquote style="border-left:2px solid navy;margin:0;padding-left:8px">-------- Оригинално писмо '
            f"--------<br>{lines}<br><br>{_html(note.quoted.text)}</blockquote>"
        )
    return text_part(html, "html", "windows-1251", "quoted-printable")


def phone(note: Note) -> Part:
    """Short plain text, flowed, eight bits as they are."""
    part = plain(note, "utf-8", "8bit")
    return Part((part.headers[0] + "; format=flowed", *part.headers[1:]), part.body)


_COMMON: tuple[Program, ...] = (
    gmail,
    outlook,
    partial(plain, charset="utf-8", encoding="quoted-printable"),
    partial(plain, charset="utf-8", encoding="base64"),
    phone,
)
PROGRAMS: dict[str, tuple[Program, ...]] = {
    "en": (*_COMMON, partial(plain, charset="windows-1252", encoding="8bit")),
    "uk": (
        *_COMMON,
        ukr_net,
        ukr_net,
        partial(plain, charset="koi8-u", encoding="8bit"),
        partial(plain, charset="windows-1251", encoding="base64"),
    ),
    "ru": (
        *_COMMON,
        partial(plain, charset="koi8-r", encoding="base64"),
        mail_ru,
        mail_ru,
        partial(plain, charset="windows-1251", encoding="8bit"),
    ),
    "bg": (*_COMMON, abv_bg, abv_bg, partial(plain, charset="windows-1251", encoding="8bit")),
    "vi": (*_COMMON, gmail, partial(plain, charset="windows-1258", encoding="quoted-printable")),
}


def choose_program(language: str, place: int) -> Program:
    """The program of the person who stands at ``place`` among all who write this language: always the same one."""
    choices = PROGRAMS[language]
    return choices[place % len(choices)]
