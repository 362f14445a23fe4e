#!/usr/bin/env python3
"""Two commands on a fresh machine: ``python3 run.py demo`` and ``python3 run.py test``.

It only prepares: a virtual environment in ``.venv`` from the hashed lock, then this checkout with its built pages.
What is prepared is stamped with the hash of what it was made from, so the next start goes straight on.
Needs Python and its venv module, nothing else.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 an older Python must be able to read this far
    sys.stderr.write(f"mailhub needs Python 3.11 or newer; this is {sys.version.split()[0]}: install a newer one.\n")
    sys.exit(2)

import hashlib
import importlib.util
import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
MANIFEST = ROOT / "mailhub" / "_data" / "assets" / "manifest.json"
COMMANDS = {"demo": [VENV / "bin" / "mailhub", "demo"], "test": [PYTHON, "-m", "pytest"]}


def main(arguments: list[str]) -> None:
    if not arguments or arguments[0] not in COMMANDS:
        stop("usage: python3 run.py demo|test [options of the command]")
    os.chdir(ROOT)
    if not PYTHON.exists():
        make_environment()
    once("packages", [LOCK], install_packages)
    once("project", project_sources(), install_project, made=MANIFEST)
    command = [str(part) for part in COMMANDS[arguments[0]]] + arguments[1:]
    os.execv(command[0], command)


def stop(sentence: str) -> None:
    print("mailhub: " + sentence, file=sys.stderr)
    sys.exit(2)


def say(sentence: str) -> None:
    print("mailhub: " + sentence, file=sys.stderr, flush=True)


def once(name: str, sources: Iterable[Path], prepare: Callable[[], None], made: Path = LOCK) -> None:
    """Run `prepare` unless it has run for exactly these sources, in this place, and what it made is still there."""
    digest = hashlib.sha256(f"{ROOT}\0{sys.version}".encode())
    for path in sorted(sources):
        digest.update(b"\0" + os.fsencode(path) + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    stamp = VENV / f".stamp-{name}"
    if made.exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    prepare()
    stamp.write_text(digest.hexdigest())


def make_environment() -> None:
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        stop("Python's venv module is not installed; install it (Debian, Ubuntu: apt install python3-venv).")
    say("making .venv")
    call([sys.executable, "-m", "venv", "--clear", VENV])


def install_packages() -> None:
    if subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        make_environment()
    say("installing the packages of requirements.lock (once, about a minute)")
    pip("--require-hashes", "--requirement", LOCK)


def install_project() -> None:
    say("building the pages")
    pip("--no-deps", "--no-build-isolation", "--editable", ROOT)


def pip(*arguments: object) -> None:
    call([PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "install", *arguments])


def call(command: list[object]) -> None:
    done = subprocess.run([str(part) for part in command], check=False)
    if done.returncode:
        say("this did not work: " + " ".join(str(part) for part in command))
        sys.exit(1)


def project_sources() -> Iterable[Path]:
    """What the installed project is made from: not the Python files and page templates, they are read in place."""
    yield from (ROOT / "pyproject.toml", ROOT / "hatch_build.py")
    yield from (ROOT / "templates" / "locale").rglob("*.po")
    for folder, names, files in os.walk(ROOT / "frontend"):
        names[:] = [name for name in names if name != "node_modules"]
        yield from (Path(folder, file) for file in files)


if __name__ == "__main__":
    main(sys.argv[1:])
