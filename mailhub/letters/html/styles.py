"""The looks of a letter: its style elements written into its tags, and of its styles what is only looks.

A declaration stays when its property is listed and its value is plain: numbers, words, colours, quoted font
names. Nothing that loads (url, image-set, @import), nothing indirect (var, env, backslash escapes), nothing
that leaves its place (position, z-index, transform, negative margins).
"""

import re

import css_inline

from mailhub.letters.html.shape import Shaped

MOST_CSS = 200_000
# css-inline spends about 2 µs on a declaration that meets a tag: a second at the very worst.
MOST_MEETINGS = 500_000

_SIDES = ("", "-top", "-right", "-bottom", "-left")
_PROPERTIES = frozenset(
    {f"{box}{side}" for box in ("margin", "padding", "border") for side in _SIDES}
    | {f"border{side}-{what}" for side in _SIDES for what in ("color", "style", "width")}
    | {f"border-{corner}-radius" for corner in ("top-left", "top-right", "bottom-left", "bottom-right")}
    | set(
        """
        background background-color border-collapse border-radius border-spacing box-sizing caption-side clear color
        direction display empty-cells float font font-family font-size font-stretch font-style font-variant
        font-weight height hyphens letter-spacing line-height list-style list-style-position list-style-type
        max-height max-width min-height min-width overflow overflow-wrap overflow-x overflow-y table-layout tab-size
        text-align text-decoration text-decoration-color text-decoration-line text-decoration-style text-indent
        text-overflow text-transform unicode-bidi vertical-align visibility white-space width word-break word-spacing
        word-wrap
        """.split()  # noqa: SIM905 - a column of words reads better than eighty quoted lines
    )
)
_PLAIN = re.compile(
    r"""(?:\b(?:rgba?|hsla?)\([\d\s.,%/a-z-]*\)|[\w\s.,%#+!/-]|"[\w\s.,-]*"|'[\w\s.,-]*')*+""", re.IGNORECASE
)
_PICTURE = re.compile(r"""\burl\(\s*(?:"[^"\\]*"|'[^'\\]*'|[^"'()\\]*)\s*\)""", re.IGNORECASE)
_HUGE = re.compile(r"\d{5}|\d[\d.]*e\+?\d", re.IGNORECASE)
_NEGATIVE = re.compile(r"(?<![\w-])-[\d.]")
_MAY_BE_NEGATIVE = frozenset({"letter-spacing", "word-spacing", "font"})
_DISPLAYS = frozenset({
    "block", "inline", "inline-block", "inline-table", "list-item", "none", "table", "table-caption", "table-cell",
    "table-column", "table-footer-group", "table-header-group", "table-row", "table-row-group",
})  # fmt: skip
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_MARK = re.compile(r"[{};]")
_BODY = re.compile(r"""<body(?:[^">]|"[^"]*")*>""")
_COLOURS = ("color", "background")


def harmless_style(style: str) -> str:
    """The declarations of a style attribute that may stay, "" for none. Of a background with a picture the
    colour stays, since the words may be unreadable without it."""
    kept = []
    for declaration in _COMMENT.sub(" ", style).split(";"):
        name, colon, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "background":
            value = " ".join(_PICTURE.sub(" ", value).split())
        if colon and value and name in _PROPERTIES and _is_plain(name, value):
            kept.append(f"{name}:{value}")
    return ";".join(kept)


def _is_plain(name: str, value: str) -> bool:
    if not _PLAIN.fullmatch(value) or _HUGE.search(value):
        return False
    if name == "display":
        return value.lower().removesuffix("!important").strip() in _DISPLAYS
    return name in _MAY_BE_NEGATIVE or not _NEGATIVE.search(value)


def says_colours(style: str) -> bool:
    """Whether a harmless style sets a colour of words or ground, so that the letter needs its own paper."""
    return any(part.startswith(_COLOURS) for part in style.split(";"))


def inline_styles(letter: Shaped) -> tuple[str, str]:
    """Write the letter's style elements into its tags. Returns the markup and the tag of its body.

    Rules for other media, states and fonts are not taken over. A sheet that would cost too much is left out:
    the letter stays readable, only plainer."""
    css = _top_rules(_COMMENT.sub(" ", letter.css.replace("<!--", " ").replace("-->", " ")))
    costs = (css.count(":") + css.count(",")) * letter.tags
    inliner = css_inline.CSSInliner(
        inline_style_tags=False,
        load_remote_stylesheets=False,
        resolve_css_variables=True,
        extra_css=css if len(css) <= MOST_CSS and costs <= MOST_MEETINGS else None,
    )
    page = inliner.inline(f"<body{letter.body}>{letter.markup}</body>")
    body = _BODY.search(page)
    if body is None:
        raise ValueError("the inliner wrote a page without a body")
    return page[body.end() : page.rindex("</body>")], body.group()


def _top_rules(css: str) -> str:
    """The sheet without @-rules: what holds on every screen."""
    kept, start, depth = [], 0, 0
    for mark in _MARK.finditer(css):
        depth = max(0, depth + {"{": 1, "}": -1, ";": 0}[mark.group()])
        if depth == 0:
            statement, start = css[start : mark.end()], mark.end()
            if not statement.lstrip().startswith("@"):
                kept.append(statement)
    return "".join(kept)
