"""The pages with sample data on loopback, for work on how they look: ``python frontend/preview.py [PORT]``.

``/<page>?lang=uk&theme=dark``; the pages are those of ``tests/browser/sample.py``. Buttons have nobody to answer them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from api.problems import make_environment  # noqa: E402
from core.resources import assets_dir  # noqa: E402
from tests.browser.sample import TIMEZONE, pages  # noqa: E402

POLICY = "default-src 'self'; style-src 'self'; script-src 'self'; frame-src 'self'; base-uri 'none'"


def environment(lang: str = "en", theme: str = "system") -> Environment:
    """The templates in one language; they fail on anything that they ask for and are not given."""
    made = make_environment(lang)
    made.globals["kept"] = _as_it_is  # what stands for rows here has no value of its own
    made.globals.update(lang=lang, theme=theme, timezone=TIMEZONE)
    return made


def _as_it_is(macro: Callable[..., str], *given: object) -> str:
    return macro(*given)


def render(name: str, lang: str = "en", theme: str = "system") -> str:
    template, data = pages()[name]
    return environment(lang, theme).get_template(template).render(data)


class Preview(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        name = address.path.strip("/") or "inbox"
        file = assets_dir() / Path(name).name
        if name.startswith("assets/") and file.is_file():
            self.answer(file.read_bytes(), guess_type(file)[0] or "application/octet-stream")
        elif name == "worker.js":
            self.answer(b"", "text/javascript")
        elif name in pages():
            page = render(name, asked.get("lang", "en"), asked.get("theme", "system"))
            self.answer(page.encode(), "text/html; charset=utf-8")
        else:
            self.send_error(404)

    def answer(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 0), Preview)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}/  " + " ".join(pages()) + "\n")
    server.serve_forever()
