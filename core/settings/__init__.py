"""What an installation sets: one frozen structure, from one TOML file and the environment.

``shape`` is the list of keys with what each means, ``reading`` fills it, ``page`` writes ``docs/settings.md`` from it.
"""

from core.settings.checks import parse_place as parse_place
from core.settings.entry import Oidc as Oidc
from core.settings.entry import SignIn as SignIn
from core.settings.reading import load_settings as load_settings
from core.settings.shape import Blobs as Blobs
from core.settings.shape import Company as Company
from core.settings.shape import Data as Data
from core.settings.shape import Database as Database
from core.settings.shape import Imap as Imap
from core.settings.shape import Lmtp as Lmtp
from core.settings.shape import Log as Log
from core.settings.shape import Oauth as Oauth
from core.settings.shape import Parse as Parse
from core.settings.shape import Secret as Secret
from core.settings.shape import Settings as Settings
from core.settings.shape import Smtp as Smtp
from core.settings.shape import Verdicts as Verdicts
from core.settings.shape import Web as Web

__all__ = [
    "Blobs", "Company", "Data", "Database", "Imap", "Lmtp", "Log", "Oauth", "Oidc", "Parse", "Secret", "Settings",
    "SignIn", "Smtp", "Web", "load_settings", "parse_place",
]  # fmt: skip
