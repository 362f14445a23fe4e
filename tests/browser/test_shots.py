"""The pictures of the pages can be taken: one size, one language, every page of a running demo."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import shots


def test_every_page_has_its_picture(chromium: Browser, tmp_path: Path) -> None:
    with shots.running_demo(tmp_path / "data") as url:
        shots.take_all(chromium, url, tmp_path / "shots", "390x844", "dark", "vi")
    taken = {path.name.removesuffix("-390x844-dark-vi.png") for path in (tmp_path / "shots").iterdir()}
    assert taken == {"inbox", "thread", "stranger", *shots.PAGES, *shots.ALONE}
