"""Templates come compiled with the package, and whoever changes one sees the change."""

from __future__ import annotations

import marshal
from pathlib import Path

import pytest

from api.problems import compiled
from api.problems.compiled import Compiled, make_environment, read_codes, write_codes
from core.resources import codes_file, templates_dir


def render(folder: Path, codes: compiled.Codes) -> tuple[str, int]:
    """What the page says, and how many templates had to be compiled for it."""
    kept = Compiled(dict(codes))
    environment = make_environment(folder, kept)
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    return environment.get_template("page.html").render(name="<b>"), len(kept.codes) - len(codes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "web"
    made.mkdir()
    (made / "page.html").write_text("{% trans %}Hello{% endtrans %}, {{ name }}. {% include 'foot.html' %}")
    (made / "foot.html").write_text("Bye.")
    return made


def test_no_template_is_compiled_by_a_server_that_starts() -> None:
    codes, web = read_codes(codes_file()), templates_dir() / "web"
    kept = Compiled(codes)
    names = [str(path.relative_to(web)) for path in web.rglob("*") if path.is_file()]
    missing = [name for name in names if (name, kept.get_source_checksum((web / name).read_text())) not in codes]
    assert not missing, "build the pages anew: python hatch_build.py"
    assert len(names) > 100


def test_what_was_built_in_one_folder_is_used_in_another(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "codes"
    write_codes(folder, target)
    moved = folder.rename(tmp_path / "elsewhere")
    assert render(moved, read_codes(target)) == ("Hello, &lt;b&gt;. Bye.", 0)
    assert str(tmp_path).encode() not in target.read_bytes(), "a folder of the machine that built it"


def test_a_changed_template_is_compiled_anew(folder: Path, tmp_path: Path) -> None:
    write_codes(folder, tmp_path / "codes")
    (folder / "foot.html").write_text("So long.")
    assert render(folder, read_codes(tmp_path / "codes")) == ("Hello, &lt;b&gt;. So long.", 1)


@pytest.mark.parametrize("content", [b"", b"torn", marshal.dumps(("cpython-27 jinja2 2.0", {}))[:-1]])
def test_what_cannot_be_read_is_compiled(folder: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "codes").write_bytes(content)
    assert render(folder, read_codes(tmp_path / "codes")) == ("Hello, &lt;b&gt;. Bye.", 2)
    assert read_codes(tmp_path / "nowhere") == {}


def test_code_of_another_interpreter_is_not_run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_codes(folder, tmp_path / "codes")
    monkeypatch.setattr(compiled, "MADE_BY", "cpython-999 jinja2 9")
    assert read_codes(tmp_path / "codes") == {}
