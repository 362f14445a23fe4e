"""Every act that the code writes into the audit log has a sentence, in every language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from api.web.audit_words import ACTIONS
from tests.support import translations

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("core", "crm", "mailhub", "api")
PLACE, NAME = 2, "action"
"""Where ``record_audit(tx, user_id, action, …)`` takes the act."""


def test_every_act_has_a_sentence_in_every_language() -> None:
    acts = {act for act, _ in find_acts(ROOT)}
    assert len(acts) > 50
    assert acts == set(ACTIONS)
    for code in translations.LANGUAGES:
        said = {message.id: message.string for message in translations.read(code)}
        assert [act for act, sentence in ACTIONS.items() if not said.get(sentence)] == [], code


def test_an_act_that_has_none_is_seen(tmp_path: Path) -> None:
    """Also one that comes through a function of its own, and one of two."""
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm" / "planted.py").write_text(
        "def first(tx):\n    record_audit(tx, 1, 'planted-at-once')\n"
        "def _note(tx, box, what):\n    record_audit(tx, 1, what)\n"
        "def second(tx, on):\n    _note(tx, 5, 'planted-on' if on else 'planted-off')\n"
        "def third(tx, on):\n    act = 'planted-named'\n    audit.record_audit(tx, 1, action=act)\n"
    )
    acts = {act for act, _ in find_acts(tmp_path)}
    assert acts == {"planted-at-once", "planted-on", "planted-off", "planted-named"}


def find_acts(root: Path) -> Iterator[tuple[str, str]]:
    """Every act with the file that writes it. Fails for one that cannot be told from the source."""
    for floor in FLOORS:
        for path in sorted((root / floor).rglob("*.py")):
            if path.parts[-3:] == ("crm", "staff", "audit.py"):
                continue
            for act in _acts_of(ast.parse(path.read_text()), "record_audit", PLACE, NAME):
                yield act, path.name


def _acts_of(tree: ast.Module, function: str, place: int, keyword: str) -> Iterator[str]:
    for outer in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]:
        for call in ast.walk(outer):
            if not isinstance(call, ast.Call) or _called(call) != function:
                continue
            given = call.args[place] if len(call.args) > place else None
            given = given or next(one.value for one in call.keywords if one.arg == keyword)
            yield from _said(tree, outer, given)


def _said(tree: ast.Module, outer: ast.FunctionDef | ast.AsyncFunctionDef, node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _said(tree, outer, node.body)
        yield from _said(tree, outer, node.orelse)
    else:
        assert isinstance(node, ast.Name), f"line {node.lineno}: which act is this?"
        names = [one.arg for one in outer.args.args]
        if node.id in names:
            yield from _acts_of(tree, outer.name, names.index(node.id), node.id)
            return
        found = [one.value for one in ast.walk(outer) if isinstance(one, ast.Assign) and _assigns(one, node.id)]
        assert found, f"line {node.lineno}: which act is {node.id}?"
        for value in found:
            yield from _said(tree, outer, value)


def _assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(one, ast.Name) and one.id == name for one in node.targets)


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", None) or getattr(call.func, "id", "")
