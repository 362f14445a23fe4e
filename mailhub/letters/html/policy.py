"""What of a letter's HTML a reader may see: the tags, attributes and bounds, in one place.

Raise RULES whenever a list below, or what another file of this room decides, changes: displays that were
kept under an older POLICY_VERSION are made anew.
"""

from importlib.metadata import version

RULES = 2
POLICY_VERSION = f"{RULES}/nh3-{version('nh3')}"

MOST_CHARACTERS = 2_000_000
MOST_TAGS = 60_000
DEEPEST = 200
DEEPEST_FORMATTING = 8

VOID_TAGS = frozenset({"br", "hr", "img", "wbr", "col"})
CELL_TAGS = frozenset({"td", "th", "tr", "tbody", "thead", "tfoot"})
# Their end is implied by what follows them: unclosed ones are ordinary and do not nest.
LOOSE_TAGS = frozenset({"p", "li", "dt", "dd", "colgroup", "rt", "rp"})
# What the HTML standard re-opens in every block that follows when it was left open (13.2.4.3).
FORMATTING_TAGS = frozenset({"a", "b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u"})
BLOCK_TAGS = frozenset({
    "address", "article", "aside", "blockquote", "caption", "center", "div", "dl", "figcaption", "figure", "footer",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "main", "nav", "ol", "pre", "section", "table", "ul",
})  # fmt: skip
INLINE_TAGS = frozenset({
    "abbr", "bdi", "bdo", "cite", "del", "dfn", "ins", "kbd", "mark", "q", "ruby", "samp", "span", "sub", "sup",
    "time", "var",
})  # fmt: skip
TAGS = VOID_TAGS | CELL_TAGS | LOOSE_TAGS | FORMATTING_TAGS | BLOCK_TAGS | INLINE_TAGS

# Their text is not the letter's text; it goes with the tag.
UNREAD_TAGS = frozenset({"script", "style", "title", "textarea", "iframe", "noembed", "noframes"})

_BOX = {"align", "valign", "bgcolor", "width", "height"}
ATTRIBUTES = {
    "*": {"style", "dir", "lang", "align"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "border", "hspace", "vspace"},
    "font": {"color", "face", "size"},
    "table": _BOX | {"border", "cellpadding", "cellspacing"},
    "td": _BOX | {"colspan", "rowspan", "nowrap"},
    "th": _BOX | {"colspan", "rowspan", "nowrap"},
    "tr": _BOX,
    "tbody": _BOX,
    "thead": _BOX,
    "tfoot": _BOX,
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "hr": {"width", "size", "color", "noshade"},
    "ol": {"start", "type", "reversed"},
    "ul": {"type"},
    "li": {"type", "value"},
    "br": {"clear"},
}
ROLES = {"table": {"role": {"presentation", "none"}}}
"""Tables that only lay out stay silent for screen readers."""

LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
PICTURE_SCHEMES = frozenset({"http", "https", "cid", "data"})
