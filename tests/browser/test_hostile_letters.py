"""Hostile letters in Chromium: both layers, each layer alone, and the same letters with neither, to see that
the bench would notice. Everything is hovered, focused and clicked."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mailhub.letters.html import HarmlessHtml, frame_document, make_harmless
from mailhub.letters.html.outgoing import clean_outgoing, outgoing_document
from tests.browser.hostile_html import KINDS, OURS, armed
from tests.browser.letter_bench import Desk, Listener, Outcome, serving, show

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"


def _table() -> list[dict]:
    path = CORPORA / "attacks" / "html_mail.json"
    if not path.exists():
        pytest.skip("not run: ../shared/corpora is absent")
    return json.loads(path.read_text())["cases"]


def _payloads() -> list[str]:
    return [case["payload"] for case in json.loads((CORPORA / "html" / "dompurify-expect.json").read_text())]


def _generated() -> list[str]:
    """Element x handler or address x the ways to write it x the place it stands in: 1,080 letters."""
    marks = {
        "plain": "javascript:hit(NUMBER)",
        "entities": "&#106;avascript&colon;hit(NUMBER)",
        "broken": "java\tscript\n:hit(NUMBER)",
        "case": " \x01JaVaScRiPt:hit(NUMBER)",
        "data": "data:text/html,<script>parent.hit(NUMBER)</script>",
    }
    address = ["a href", "iframe src", "object data", "embed src", "form><button autofocus formaction", "area href"]
    handlers = ["img src=x onerror", "svg onload", "body onload", "details open ontoggle", "input autofocus onfocus",
                "video src=x onerror", "audio src=x onerror", "style onload", "marquee onstart", "a onmouseover",
                "iframe onload", "p onclick"]  # fmt: skip
    places = ["{}", "<table><td>{}</table>", "<svg><foreignObject>{}</foreignObject></svg>", "<div><!--><p>{}</div>",
              "<noscript>{}</noscript>", "<math><mtext>{}</mtext></math>", "<select>{}</select>",
              "<p title='</p>'>{}", "<!--[if gte mso 9]><![endif]-->{}", "<template>{}</template>{}",
              "<style></style>{}", "<textarea></textarea>{}"]  # fmt: skip
    attacks = [f'<{element}="{escape(mark)}">x' for element in address for mark in marks.values()]
    attacks += [f"<{element}={quote}hit(NUMBER){quote}>x" for element in handlers for quote in ("", "'", '"', "&#32;")]
    slashed = itertools.product(("img/src=x", "svg", "input/autofocus"), ("onerror", "ONLOAD", "onfocus", "oNtOgGle"))
    attacks += [f"<{element}/{handler}=hit(NUMBER)>x" for element, handler in slashed]
    letters = [place.replace("{}", attack) for attack in attacks for place in places]
    return [letter.replace("NUMBER", str(number)) for number, letter in enumerate(letters)]


@pytest.fixture(scope="module")
def listening() -> Iterator[tuple[Listener, str]]:
    listener = Listener()
    with serving(listener.handler) as address:
        yield listener, address


@pytest.fixture(scope="module")
def letters(listening: tuple[Listener, str]) -> list[str]:
    """The shared table, our own, and then what says itself how it is seen."""
    attacks = [*(case["html"] for case in _table()), *OURS]
    return [armed(one, number, f"{listening[1]}/{number}") for number, one in enumerate(attacks)] + _payloads()


def _document(raw: str, *, sanitised: bool) -> str:
    return frame_document(make_harmless(raw, cid_links={}) if sanitised else HarmlessHtml(raw))


def _nothing_happened(outcome: Outcome) -> None:
    assert outcome.executed == set()
    assert outcome.reached == []
    assert outcome.leaked == []
    assert outcome.navigated == set()
    assert outcome.abroad == set()


def test_the_bench_sees_what_raw_letters_do(
    chromium: Browser, listening: tuple[Listener, str], letters: list[str]
) -> None:
    outcome = show(chromium, listening[0], Desk(letters, layer_two=False), touch=False)
    reached = {one.case.split("/")[1] for one in outcome.reached}
    table = _table()
    runs = [number for number, case in enumerate(table) if "run" in case["raw"]]
    loads = [number for number, case in enumerate(table) if "load" in case["raw"]]
    print(f"\nno layer: {len(outcome.executed)} ran, {len(reached)} called home, {len(outcome.navigated)} navigated")
    assert [number for number in runs if number not in outcome.executed] == []
    assert [number for number in loads if str(number) not in reached] == []
    assert len(outcome.executed) > len(runs)


@pytest.mark.parametrize(
    ("layers", "sanitised", "layer_two"),
    [("both layers", True, True), ("the frame alone", False, True), ("the sanitiser alone", True, False)],
)
def test_nothing_of_a_hostile_letter_happens(
    chromium: Browser,
    listening: tuple[Listener, str],
    letters: list[str],
    layers: str,
    sanitised: bool,
    layer_two: bool,
) -> None:
    table = _table()
    desk = Desk([_document(raw, sanitised=sanitised) for raw in letters], layer_two=layer_two)
    # Every element is touched by script; a real pointer goes to all letters behind both layers, to the shared table
    # behind one alone.
    outcome = show(chromium, listening[0], desk, mouse=len(table) + (len(OURS) if sanitised and layer_two else 0))
    classes = Counter(case["class"] for case in table) + Counter({kind: len(ours) for kind, ours in KINDS.items()})
    classes["dompurify"] = len(letters) - classes.total()
    print(f"\n{layers}: {len(letters)} letters, {outcome.touched} elements touched, {outcome.tabs} tabs by clicks")
    print(dict(classes))
    if not sanitised:  # a link to its own frame that was clicked: the sandbox goes along
        outcome.navigated -= {one for one in outcome.navigated if one.startswith("data:")}
    _nothing_happened(outcome)
    assert len(outcome.texts) == len(letters)
    assert outcome.touched > len(letters)
    if sanitised:
        lost = [
            case["id"]
            for number, case in enumerate(table)
            if case["expect"].get("keep", "") not in outcome.texts[number]
        ]
        assert lost == []


def test_what_leaves_in_a_letter_of_ours_is_harmless_wherever_it_is_read(
    chromium: Browser, listening: tuple[Listener, str], letters: list[str]
) -> None:
    """An answer, a forward or a saved text made of hostile HTML, in a mail program that protects nobody."""
    left = [outgoing_document(clean_outgoing(raw)) for raw in letters]
    outcome = show(chromium, listening[0], Desk(left, layer_two=False), mouse=len(_table()) + len(OURS))
    print(f"\nwhat leaves: {len(left)} letters, {outcome.touched} elements touched")
    assert (outcome.executed, outcome.reached, outcome.abroad) == (set(), [], set())  # a link may lead where it says


@pytest.mark.parametrize(("sanitised", "layer_two"), [(False, False), (False, True), (True, False)])
def test_generated_letters(
    chromium: Browser, listening: tuple[Listener, str], sanitised: bool, layer_two: bool
) -> None:
    generated = _generated()
    by_frame = [generated[at : at + 12] for at in range(0, len(generated), 12)]
    documents = ["".join(_inner(raw, sanitised) for raw in batch) for batch in by_frame]
    framed = [frame_document(HarmlessHtml(document)) for document in documents]
    outcome = show(chromium, listening[0], Desk(framed, layer_two=layer_two), touch=sanitised or layer_two)
    print(f"\ngenerated: {len(generated)}, sanitised {sanitised}, frame {layer_two}: {len(outcome.executed)} ran")
    if sanitised or layer_two:
        _nothing_happened(outcome)
    else:
        assert len(outcome.executed) > 100


def _inner(raw: str, sanitised: bool) -> str:
    return make_harmless(raw, cid_links={}).html if sanitised else raw
