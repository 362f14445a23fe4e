"""What a form sent, read plainly: fields by name, no files."""

from __future__ import annotations

from api.web.desk import Asked
from core.errors import Invalid

LONGEST_FIELD = 2000


async def read_form(request: Asked, longest: int = LONGEST_FIELD) -> dict[str, str]:
    """The fields, the last of a name. Raises Invalid for one that is too long or holds a NUL."""
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    for name, value in fields.items():
        if len(value) > longest or "\0" in value:
            raise Invalid("The field %(name)s is too long.", name=name, field=name)
    return fields


def read_id(fields: dict[str, str], name: str) -> int | None:
    """A number that names something; None for an empty field. Raises Invalid for what is no number."""
    text = fields.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid("The field %(name)s must be a number.", name=name, field=name)
    return int(text)
