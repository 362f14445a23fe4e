"""Templates as code: compiled when the package is built, and once more where one was changed since.

To compile them all takes a second of processor, and a server that does it while people ask keeps everybody waiting for
the interpreter. The build loads this file by its path, beside nothing but Jinja: it imports nothing else of ours.
"""

from __future__ import annotations

import hashlib
import marshal
import sys
from pathlib import Path
from types import CodeType

import jinja2
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

MADE_BY = f"{sys.implementation.cache_tag} jinja2 {jinja2.__version__}"
"""Whose code it is: another interpreter or another Jinja reads none of it."""

Codes = dict[tuple[str, str], CodeType]


class Compiled(BytecodeCache):
    """What templates were compiled to, by name and content: no language differs in it, so it is done once for all."""

    def __init__(self, codes: Codes) -> None:
        self.codes = codes

    def get_cache_key(self, name: str, filename: str | None = None) -> str:  # noqa: ARG002 - Jinja passes it
        """The name alone: a package is built in one folder and used in another."""
        return name

    def get_source_checksum(self, source: str) -> str:
        """What was written when it was compiled."""
        return hashlib.sha256(source.encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """What stands for this template as it is written now."""
        bucket.code = self.codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it for the life of this process."""
        assert bucket.code is not None
        self.codes[bucket.key, bucket.checksum] = bucket.code


def make_environment(folder: Path, compiled: Compiled) -> Environment:
    """The templates of a folder; they fail on anything that they ask for and are not given."""
    return Environment(
        loader=FileSystemLoader(folder),
        auto_reload=False,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        bytecode_cache=compiled,
    )


def write_codes(folder: Path, target: Path) -> None:
    """Compile every template of a folder into one file, the same for the same templates."""
    compiled = Compiled({})
    environment = make_environment(folder, compiled)
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    for name in sorted(environment.list_templates()):
        source = (folder / name).read_text()
        code = environment.compile(source, name, name)
        compiled.codes[name, compiled.get_source_checksum(source)] = code
    target.write_bytes(marshal.dumps((MADE_BY, compiled.codes)))


def read_codes(target: Path) -> Codes:
    """What the build has compiled; nothing where nothing was built, or by another interpreter or Jinja."""
    try:
        made_by, codes = marshal.loads(target.read_bytes())  # noqa: S302 - part of the package, as its modules are
    except (FileNotFoundError, ValueError, EOFError, TypeError):
        return {}
    return codes if made_by == MADE_BY else {}
