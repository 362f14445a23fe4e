"""How much of a letter is looked at. Over a limit the letter keeps its raw bytes and names a defect; nothing is
refused.

Depth and header size are those of Postfix (``mime_nesting_limit``, ``header_size_limit``).
"""

DEPTH = 100
PARTS = 1_000
HEADER_BYTES = 102_400
HEADER_LINES = 1_000
ADDRESSES = 1_000
PARAMS = 200
IDS = 1_000
#: Lines that begin like an open boundary and are none; an honest letter has a handful.
FALSE_BOUNDARIES = 100_000
#: Bytes of one body, after its transfer encoding, that become text.
TEXT_BYTES = 2_000_000
#: Characters of the text in which quotes, bounces and words are looked for.
LOOK_CHARS = 200_000
FILE_NAME_BYTES = 255
ATTACHMENTS = 1_000
EXCERPT_CHARS = 200
