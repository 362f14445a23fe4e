"""``format=flowed`` text put back into paragraphs. RFC 3676 §4."""

from __future__ import annotations


def unflow(text: str, delsp: bool = False) -> str:
    """Join the lines that a space at their end marks as soft, within one depth of quotes; ``-- `` stays a line of its
    own."""
    if " \n" not in text:
        return "\n".join(_unstuffed(line) for line in text.split("\n"))
    out: list[list[str]] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        if content == "-- ":
            out.append([_quoted(depth, content)])
            open_depth = -1
            continue
        soft = content.endswith(" ")
        if soft and delsp:
            content = content[:-1]
        if depth == open_depth:
            out[-1].append(content)
        else:
            out.append([_quoted(depth, content)])
        open_depth = depth if soft else -1
    return "\n".join(map("".join, out))


def _quoted(depth: int, content: str) -> str:
    return ">" * depth + (" " if depth and content else "") + content


def _unstuffed(line: str) -> str:
    return line[1:] if line.startswith((" >", " From ", "  ")) else line
