"""run.py prepares once, says in one sentence what is missing, and then stands out of the way."""

import runpy
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# The prepared environment, played by a script that notes each call of its Python.
PLAYED_PYTHON = """#!/bin/sh
echo "$@" >> "{log}"
case "$*" in *--editable*) mkdir -p "{assets}"; echo > "{assets}/manifest.json";; esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose `.venv` is there, so that preparing takes no time."""
    for name in ("run.py", "requirements.lock", "pyproject.toml", "hatch_build.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    write(tmp_path / "frontend" / "app.js", "one")
    write(tmp_path / "templates" / "locale" / "uk" / "LC_MESSAGES" / "mailhub.po", "")
    assets = tmp_path / "mailhub" / "_data" / "assets"
    for program in ("python", "mailhub"):
        path = write(tmp_path / ".venv" / "bin" / program, PLAYED_PYTHON.format(log=tmp_path / "calls", assets=assets))
        path.chmod(0o755)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def start(folder: Path, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """`python3 run.py …` on a machine with an empty home; `before` plays another Python."""
    given = ["run.py", *arguments]
    code = f"import runpy, sys\n{before}\nsys.argv = {given!r}\nrunpy.run_path('run.py', run_name='__main__')"
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip


def calls(folder: Path) -> list[str]:
    log = folder / "calls"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return [
        next((word for word in line.split() if word in {"--requirement", "--editable", "pytest"}), "look")
        for line in lines
    ]


def test_it_prepares_once(checkout: Path) -> None:
    assert start(checkout, "test", "-q").returncode == 0
    assert calls(checkout) == ["look", "--requirement", "--editable", "pytest"]
    again = start(checkout, "test", "-q")
    assert (again.returncode, again.stderr) == (0, "")
    assert calls(checkout) == ["pytest"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("requirements.lock", ["look", "--requirement", "pytest"]),
        ("frontend/app.js", ["--editable", "pytest"]),
        ("templates/locale/uk/LC_MESSAGES/mailhub.po", ["--editable", "pytest"]),
        ("pyproject.toml", ["--editable", "pytest"]),
        ("hatch_build.py", ["--editable", "pytest"]),
        ("frontend/node_modules/made.js", ["pytest"]),
    ],
)
def test_it_prepares_again_what_has_changed(checkout: Path, changed: str, expected: list[str]) -> None:
    start(checkout, "test")
    calls(checkout)
    write(checkout / changed, "two")
    start(checkout, "test")
    assert calls(checkout) == expected


def test_it_builds_again_when_the_pages_are_gone(checkout: Path) -> None:
    start(checkout, "test")
    calls(checkout)
    shutil.rmtree(checkout / "mailhub")
    start(checkout, "test")
    assert calls(checkout) == ["--editable", "pytest"]


def test_what_failed_is_tried_again(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    played = python.read_text()
    write(python, played + 'case "$*" in *--requirement*) exit 1;; esac\n')
    failed = start(checkout, "test")
    assert failed.returncode == 1
    assert "this did not work" in failed.stderr
    assert calls(checkout) == ["look", "--requirement"]
    write(python, played)
    assert start(checkout, "test").returncode == 0
    assert "--requirement" in calls(checkout)


def test_the_command_gets_its_options(checkout: Path) -> None:
    write(checkout / ".venv" / "bin" / "mailhub", '#!/bin/sh\nfor each in "$@"; do echo "<$each>"; done; exit 3\n')
    done = start(checkout, "demo", "--data", "here and there")
    assert (done.returncode, done.stdout) == (3, "<demo>\n<--data>\n<here and there>\n")


def test_the_second_start_is_quick(checkout: Path) -> None:
    start(checkout, "test")

    def took(folder: Path, *arguments: str) -> float:
        began = time.perf_counter()
        start(folder, *arguments)
        return time.perf_counter() - began

    bare = min(took(checkout, "neither") for _ in range(3))
    assert min(took(checkout, "test") for _ in range(3)) - bare < 0.6


@pytest.mark.parametrize("arguments", [(), ("dmeo",)])
def test_wrong_usage(checkout: Path, arguments: tuple[str, ...]) -> None:
    done = start(checkout, *arguments)
    assert done.returncode == 2
    assert "run.py demo|test" in done.stderr


def test_an_old_python_is_told_in_one_sentence(checkout: Path) -> None:
    done = start(checkout, "demo", before="sys.version_info = (3, 9, 18, 'final', 0); sys.version = '3.9.18 (main)'")
    assert done.returncode == 2
    assert done.stderr == "mailhub needs Python 3.11 or newer; this is 3.9.18: install a newer one.\n"


def test_a_python_without_venv_is_told_in_one_sentence(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    absent = (
        "import importlib.util as util; found = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'ensurepip' else found(name, *more)"
    )
    done = start(checkout, "demo", before=absent)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "python3-venv" in done.stderr
    assert not (checkout / ".venv").exists()


def test_it_is_short_and_needs_nothing() -> None:
    text = (ROOT / "run.py").read_text()
    assert len(text.splitlines()) < 120
    imported = {line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= sys.stdlib_module_names
    assert runpy.run_path(str(ROOT / "run.py"))["ROOT"] == ROOT
