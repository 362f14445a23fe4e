"""The wheel carries all that the program needs: installed alone and far from the checkout, it finds its files."""

import json
import shutil
import subprocess
import sys
import venv
import zipfile
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "_data", "__pycache__", ".*_cache", "data", "dist", "shots"
)

LOOK = """
import json
from core import resources
print(json.dumps({
    "assets": str(resources.assets_dir()),
    "style": resources.asset("app.css"),
    "files": sorted(path.name for path in resources.assets_dir().iterdir()),
    "layout": (resources.templates_dir() / "web" / "layout.html").is_file(),
    "locales": sorted(path.parent.parent.name for path in resources.locale_dir().glob("*/LC_MESSAGES/mailhub.mo")),
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the sources, with the packages that npm has fetched already when they are there."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=NOT_SOURCE)
    modules = ROOT / "frontend" / "node_modules"
    if modules.is_dir():
        (source / "frontend" / "node_modules").symlink_to(modules)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)])
    (built,) = folder.glob("mailhub-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has nothing but the wheel."""
    home = tmp_path_factory.mktemp("clean")
    venv.create(home / "env", with_pip=False)
    python = home / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--no-deps", str(wheel)])
    return python


def run(command: list[str], folder: Path | None = None) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_finds_its_files_from_another_folder(installed: Path, tmp_path: Path) -> None:
    seen = json.loads(run([str(installed), "-I", "-c", LOOK], tmp_path))
    assert Path(seen["assets"]).is_relative_to(installed.parent.parent)
    assert seen["layout"]
    assert seen["style"].removeprefix("/assets/") in seen["files"]
    translated = {path.parent.parent.name for path in (ROOT / "templates" / "locale").glob("*/LC_MESSAGES/mailhub.po")}
    assert set(seen["locales"]) == translated


def test_it_carries_no_more_than_that(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"core", "crm", "mailhub", "api"}
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.endswith((".po", ".map")) or "node_modules" in name]


def test_every_built_file_is_named_by_its_content(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    folder = "mailhub/_data/assets/"
    manifest = json.loads(archive.read(folder + "manifest.json"))
    files = {name.removeprefix(folder) for name in archive.namelist() if name.startswith(folder)}
    assert {"app.css", "app.js", "icons.svg", "favicon.svg"} <= manifest.keys()
    assert set(manifest.values()) <= files
    assert all(built != plain for plain, built in manifest.items())


def test_first_load_is_light(wheel: Path) -> None:
    """Scripts, styles, icons and the letters of all five languages: at most 250 kB over the wire. The editor comes when
    somebody begins to write, passkeys with their two pages, what sends archives with the first of them, what notifies
    with who wishes it."""
    archive = zipfile.ZipFile(wheel)
    wire = Counter[str]()
    for info in archive.infolist():
        if "_data/assets/" in info.filename and not info.filename.endswith((".json", ".txt")):
            name = info.filename.rpartition("/")[2].partition("-")[0]
            part = name if name in {"editor", "passkeys", "archives", "notifying"} else "page"
            wire[part] += info.file_size if info.filename.endswith(".woff2") else info.compress_size
    assert wire["page"] < 250_000
    assert 0 < wire["editor"] < 40_000
    assert 0 < wire["passkeys"] + wire["archives"] + wire["notifying"] < 5_000
