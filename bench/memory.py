"""What the whole demo holds in memory when nobody works: all its processes, with five browsers that listen.

    python -m bench.memory [--minutes 10]

Proportional set size, so that pages shared between processes count once.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.figures import Figure, print_figures
from bench.processes import Demo
from bench.start import wait_for_page
from mailhub.demo.company import PASSWORD

TABS = 5


def open_tab(stack: ExitStack, port: int, email: str) -> None:
    """Sign in, look at a list and a thread, and listen to the stream of events as a page does."""
    client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True, timeout=30))
    form = client.get("/login").text
    token = re.search(r'name="_csrf" value="([^"]+)"', form)
    assert token is not None, "the form has its token"
    page = client.post(
        "/login",
        data={"email": email, "password": PASSWORD, "_csrf": token.group(1), "next": "/open"},
        headers={"Origin": f"http://127.0.0.1:{port}"},
    )
    assert page.status_code == 200, page.text[:300]
    thread = re.search(r'href="(/open/threads/\d+)"', page.text)
    if thread is not None:
        assert client.get(thread.group(1)).status_code == 200
    events = stack.enter_context(client.stream("GET", "/api/v1/events", timeout=None))
    assert events.status_code == 200, events.status_code


def measure(minutes: float) -> list[Figure]:
    """Megabytes of the process tree after so many minutes."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder, Demo(folder) as demo, ExitStack() as stack:
        wait_for_page(demo.port)
        people = demo.facts["people"]
        for number in range(TABS):
            open_tab(stack, demo.port, people[number % len(people)])
        time.sleep(minutes * 60)
        memory = demo.memory()
    parts = " + ".join(f"{one:.0f}" for one in memory.values())
    return [Figure("idle memory of the demo", sum(memory.values()), "MB", 400, 250, note=f"{parts}; {minutes:g} min")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    print_figures(measure(parser.parse_args().minutes))


if __name__ == "__main__":
    main()
