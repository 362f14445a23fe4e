"""``format=flowed`` text put back into paragraphs. RFC 3676 §4."""

from __future__ import annotations


def unflow(text: str, delsp: bool = False) -> str:
    """Join the lines that a space at their end marks as soft, within one depth of quotes; ``-- `` stays a line of its
    own."""
    if " \n" not in text:
        return "\n".join(_unstuffed(line) for line in text.split("\n"))
    out: list[str] = []  # flat: a million short lists would cost more in collecting garbage than in reading
    open_depth = -1
    for line in text.split("\n"):
        first = line[:1]
        depth = len(line) - len(line.lstrip(">")) if first == ">" else 0
        content = line[depth:].removeprefix(" ") if depth or first == " " else line
        soft = content[-1:] == " "
        if soft and content == "-- ":
            out.append("\n" + _quoted(depth, content))
            open_depth = -1
            continue
        if soft and delsp:
            content = content[:-1]
        if depth == open_depth:
            out.append(content)
        else:
            out.append("\n" + (_quoted(depth, content) if depth else content))
        open_depth = depth if soft else -1
    return "".join(out)[1:]


def _quoted(depth: int, content: str) -> str:
    return ">" * depth + (" " if depth and content else "") + content


def _unstuffed(line: str) -> str:
    return line[1:] if line.startswith((" >", " From ", "  ")) else line
