"""Hostile attachments opened by their direct address, in a tab and in a frame: downloaded, never run or shown."""

import base64
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error

from mailhub.letters.serving import PICTURE_HEADERS, download_headers, preview, shown_name
from tests.browser.letter_bench import Quiet, serving

TABLE = Path(__file__).parents[3] / "shared" / "corpora" / "attacks" / "attachments.json"


def test_no_file_runs_by_its_direct_address(chromium: Browser) -> None:
    if not TABLE.exists():
        pytest.skip("not run: ../shared/corpora is absent")
    cases = json.loads(TABLE.read_text())["cases"]

    class Handler(Quiet):
        def do_GET(self) -> None:
            kind, number = (re.findall(r"^/(file|bare|copy)/(\d+)", self.path) or [("", "0")])[0]
            case = cases[int(number)]
            content = base64.b64decode(case["bytes_b64"])
            if kind == "file":
                self.answer(content, download_headers(case["name"], case["type"], content[:512]))
            elif kind == "bare":
                self.answer(content, {"Content-Type": case["type"]})
            elif kind == "copy":
                self.answer(preview(content) or b"", PICTURE_HEADERS)
            else:
                frames = "".join(f'<iframe src="/file/{number}"></iframe>' for number in range(len(cases)))
                self.answer(f"<title>desk</title>{frames}".encode(), {"Content-Type": "text/html"})

    with serving(Handler) as home:
        context = chromium.new_context(accept_downloads=True)
        page = context.new_page()
        ran, names = [], {}
        for number, case in enumerate(cases):
            page.goto(f"{home}/copy/{number}")  # a page of the same origin that a script could reach
            with page.expect_download(timeout=5000) as download, pytest.raises(Error, match=r"Download|ERR_ABORTED"):
                page.goto(f"{home}/file/{number}")
            names[case["id"]] = download.value.suggested_filename
            download.value.cancel()
            if page.title() == "ran":
                ran.append(case["id"])
        assert ran == []
        odd = {case["id"]: names[case["id"]] for case in cases if not _same(names[case["id"]], case)}
        assert odd == {}

        page.goto(f"{home}/desk", wait_until="domcontentloaded")
        page.wait_for_timeout(500)
        assert [frame.title() for frame in page.main_frame.child_frames if frame.title()] == []
        assert page.title() == "desk"

        bare = 0
        for number in [n for n, case in enumerate(cases) if case["class"] in {"html", "svg_xml"}]:
            tab = context.new_page()
            try:
                tab.goto(f"{home}/bare/{number}")
                bare += tab.title() == "ran"
            except Error as error:
                assert "Download" in str(error)  # noqa: PT017 - a type that Chromium does not show
            tab.close()
        assert bare >= 3
        context.close()
    print(
        f"\n{len(cases)} files, 0 ran ({bare} do without our headers); {dict(Counter(case['class'] for case in cases))}"
    )


def _same(name: str, case: dict) -> bool:
    """Chromium adds cautions of its own (".download", "_" for "~", a cut at 255 bytes): the shown name begins alike."""
    ours = shown_name(case["name"], base64.b64decode(case["bytes_b64"]))
    return name == ours or Path(name).stem.startswith(Path(ours).stem[:20])
