"""Settings: the file, the environment over it, a sentence for every mistake, and a page that is current."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.settings import load_settings
from core.settings.page import write_page
from core.settings.reading import list_keys


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "mailhub.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))


def complaint(config, environ=None):
    with pytest.raises(Invalid) as caught:
        load_settings(config, environ or {})
    return str(caught.value)


def test_nothing_set_is_a_whole_server_on_loopback():
    settings = load_settings(None, {"PATH": "/bin"})
    here = Path.cwd()
    assert settings.data.dir == here / "data"
    assert settings.database.url == f"sqlite:///{here}/data/mailhub.db"
    assert settings.blobs.url == f"file://{here}/data/blobs"
    assert settings.secret.key_file == here / "data" / "secret.key"
    assert (settings.web.host, settings.web.port, settings.web.base_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert (settings.smtp.host, settings.smtp.port) == ("127.0.0.1", 2525)
    assert settings.smtp.hostname
    assert 1 <= settings.parse.workers <= 4
    assert settings.company.language == "en"
    assert not (here / "data").exists()


def test_the_file_is_read_and_its_folder_is_where_paths_begin(file, tmp_path):
    path = file('[data]\ndir = "mail"\n[web]\nport = 9000\n[smtp]\ntrusted_peers = ["10.0.0.0/8", "::1"]\n')
    settings = load_settings(path, {})
    assert settings.data.dir == tmp_path / "mail"
    assert settings.secret.key_file == tmp_path / "mail" / "secret.key"
    assert settings.web.base_url == "http://127.0.0.1:9000"
    assert settings.smtp.trusted_peers == ("10.0.0.0/8", "::1")


def test_the_environment_wins(file):
    environ = {
        "MAILHUB_WEB_PORT": "9001",
        "MAILHUB_WEB_INSECURE": "yes",
        "MAILHUB_SMTP_TRUSTED_PEERS": "10.0.0.1, 10.0.0.2,",
        "MAILHUB_COMPANY_TIMEZONE": "Europe/Kyiv",
        "MAILHUB_DATA_DIR": "/srv/mail",
        "MAILHUB_WEB_BASE_URL": "http://mail.firm.example/",
    }
    settings = load_settings(file("[web]\nport = 9000\n"), environ)
    assert settings.web.port == 9001
    assert settings.web.insecure is True
    assert settings.smtp.trusted_peers == ("10.0.0.1", "10.0.0.2")
    assert settings.company.timezone == "Europe/Kyiv"
    assert settings.data.dir == Path("/srv/mail")
    assert settings.web.base_url == "http://mail.firm.example"


def test_where_the_file_is_looked_for(file):
    named = file("[web]\nport = 1\n")
    Path("mailhub.toml").write_text("[web]\nport = 2\n", encoding="utf-8")
    assert load_settings(None, {}).web.port == 2
    assert load_settings(None, {"MAILHUB_CONFIG": str(named)}).web.port == 1
    assert load_settings(Path("mailhub.toml"), {"MAILHUB_CONFIG": str(named)}).web.port == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[web]\nprot = 1", "There is no setting web.prot. The nearest is web.port."),
        ("[smpt]\nport = 1", "There is no setting smpt. The nearest is smtp."),
        ("port = 1", "There is no setting port. The nearest is web.port."),
        ("[smtp.port]\nx = 1", "smtp.port is {'x': 1}. It must be a whole number."),
        ('[web]\nport = "80"', "web.port is '80'. It must be a whole number."),
        ("[web]\nport = true", "web.port is True. It must be a whole number."),
        ("[web]\nport = 70000", "web.port is 70000. It must be a port from 0 (any free one) to 65535."),
        ("[web]\ninsecure = 1", "web.insecure is 1. It must be true or false."),
        ("[web]\nhost = 1", "web.host is 1. It must be text."),
        ("[data]\ndir = 1", "data.dir is 1. It must be the path of a file or folder."),
        ('[data]\ndir = ""', "data.dir is ''. It must be the path of a file or folder."),
        ('[smtp]\ntrusted_peers = "10.0.0.1"', "smtp.trusted_peers is '10.0.0.1'. It must be a list of texts."),
        (
            '[smtp]\ntrusted_peers = ["relay"]',
            "smtp.trusted_peers is ['relay']. It must be a list of addresses or networks such as 10.0.0.0/8.",
        ),
        ('[company]\nlanguage = "de"', "company.language is 'de'. It must be one of en, uk, ru, bg, vi."),
        (
            '[company]\ntimezone = "Kiev/Ukraine"',
            "company.timezone is 'Kiev/Ukraine'. It must be a time zone such as Europe/Kyiv.",
        ),
        ('[company]\ncurrency = "eur"', "company.currency is 'eur'. It must be a code such as EUR."),
        ('[company]\ncountry = "ua"', "company.country is 'ua'. It must be a two-letter code such as UA."),
        ("[parse]\nworkers = 0", "parse.workers is 0. It must be at least 1."),
        ('[log]\nlevel = "loud"', "log.level is 'loud'. It must be one of debug, info, warning, error."),
    ],
)
def test_mistakes_are_named(file, text, sentence):
    assert complaint(file(text)) == sentence


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("MAILHUB_WEB_PROT", "1", "There is no setting MAILHUB_WEB_PROT. The nearest is MAILHUB_WEB_PORT."),
        ("MAILHUB_WEB_PORT", "eighty", "MAILHUB_WEB_PORT is 'eighty'. It must be a whole number."),
        ("MAILHUB_WEB_PORT", "9" * 5000, f"MAILHUB_WEB_PORT is '{'9' * 5000}'. It must be a whole number."),
        ("MAILHUB_WEB_INSECURE", "perhaps", "MAILHUB_WEB_INSECURE is 'perhaps'. It must be true or false."),
    ],
)
def test_mistakes_in_the_environment_are_named(variable, value, sentence):
    assert complaint(None, {variable: value}) == sentence


def test_a_password_is_neither_complained_about_nor_shown_in_full():
    assert "hunter2" not in complaint(None, {"MAILHUB_DATABASE_URL": "mysql://root:hunter2@host/db"})
    settings = load_settings(None, {"MAILHUB_DATABASE_URL": "postgresql://u:hunter2@host/db"})
    assert settings.database.url.endswith("hunter2@host/db")
    assert "hunter2" not in repr(settings)


def test_a_file_that_cannot_be_read_is_named(tmp_path, file):
    assert "No such file" in complaint(tmp_path / "nowhere.toml")
    assert "No such file" in complaint(None, {"MAILHUB_CONFIG": str(tmp_path / "nowhere.toml")})
    assert "is not TOML" in complaint(file("port: 1"))
    (tmp_path / "latin.toml").write_bytes(b'[company]\nname = "\xe9"\n')
    assert "is not TOML" in complaint(tmp_path / "latin.toml")


def test_keys_that_contradict_each_other_are_refused(file):
    assert "belong together" in complaint(file('[smtp]\ntls_cert = "a.pem"\n'))
    assert "plain http" in complaint(None, {"MAILHUB_WEB_HOST": "0.0.0.0"})
    assert "plain http" in complaint(None, {"MAILHUB_WEB_BASE_URL": "http://mail.firm.example"})
    for fine in ("https://mail.firm.example", "http://localhost:8000", "http://[::1]:8000"):
        assert load_settings(None, {"MAILHUB_WEB_BASE_URL": fine}).web.base_url == fine


@pytest.mark.parametrize("address", ["mail.firm.example", "http://[", "https://", "https://h:99999", "ftp://h"])
def test_an_address_that_cannot_be_typed_is_refused(address):
    assert "a whole address" in complaint(None, {"MAILHUB_WEB_BASE_URL": address})


def test_nobody_changes_a_setting():
    with pytest.raises(FrozenInstanceError):
        load_settings(None, {}).web.port = 1


@given(st.dictionaries(st.sampled_from([key.variable for key in list_keys()]), st.text(max_size=12), max_size=4))
def test_whatever_the_environment_says_the_answer_is_settings_or_a_sentence(environ):
    try:
        settings = load_settings(None, environ)
    except Invalid:
        return
    assert settings.data.dir.is_absolute()


def test_the_page_is_current():
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text(encoding="utf-8") == write_page(), "run: python -m core.settings > docs/settings.md"
