"""The document a letter is shown in: the second layer, enough alone even for a letter as it came.

It is served from an address of its own with FRAME_HEADERS and stands in `<iframe sandbox="allow-popups
allow-popups-to-escape-sandbox">`. The sandbox in the header holds when somebody opens that address directly.
docs/decisions/0003-letter-frame.md says why so, and where its height comes from.
"""

from typing import Literal

from mailhub.letters.html.harmless import HarmlessHtml

SANDBOX = "allow-popups allow-popups-to-escape-sandbox"

FRAME_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors 'self'; sandbox {SANDBOX}"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
    "X-Frame-Options": "SAMEORIGIN",
    "Cache-Control": "private, no-store",
}

_STYLE = """
html{margin:0;font:14px/1.5 "Inter Variable",Inter,system-ui,sans-serif;overflow-wrap:anywhere}
body{margin:0;padding:2px;overflow-x:auto}
img{max-width:100%}img:not([height]){height:auto}
img[data-remote]{display:inline-block;min-width:1.5em;min-height:1.5em;outline:1px dashed #7C8696;outline-offset:-1px}
blockquote{margin:0 0 0 2px;padding-left:12px;border-left:2px solid #7C8696}
pre{white-space:pre-wrap}table{overflow-wrap:normal}
a[data-warn]{text-decoration:underline wavy}
a[data-warn]::after{content:" \\26A0 " attr(title);font-size:12px;color:#B3261E;background:#FCE9E7;unicode-bidi:isolate}
"""
_PAPER = {
    "light": "html{color-scheme:light;background:#FFFFFF;color:#171B22}a{color:#1E4AB5}",
    "dark": "html{color-scheme:dark;background:#151920;color:#E6E9EF}a{color:#A6BFFF}",
}
_SYSTEM = f"{_PAPER['light']}@media (prefers-color-scheme:dark){{{_PAPER['dark']}}}"


def frame_document(letter: HarmlessHtml, *, scheme: Literal["light", "dark", "system"] = "system") -> str:
    """The whole page for one letter. Letters with colours of their own stay on white paper, whatever the
    scheme; the others follow it."""
    paper = _PAPER["light"] if letter.coloured else _PAPER.get(scheme, _SYSTEM)
    return (
        '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<base target="_blank"><title></title><style>{_STYLE}{paper}</style></head><body>{letter.html}</body></html>'
    )
