"""Who asks, and what they may do at this moment: credentials, the door to the database, signing in and out."""

from api.auth.credentials import Credentials, SignInNeeded, SignInRefused, is_local, own_path, peer_of, read_credentials
from api.auth.door import Door, make_door, touch_after
from api.auth.forgery import csrf_token, refuse_forgery
from api.auth.headers import add_headers, refuse_plain_http
from api.auth.parts import of_part, refuse_turned_off
from api.auth.passes import sign_pass
from api.auth.second import begin_passkey, enter_by_passkey, prove_by_passkey, set_up_first, show_code, site_of
from api.auth.signin import (
    change_password,
    ended_cookie,
    find_step,
    hashing,
    prove_by_password,
    session_cookie,
    sign_in,
    sign_out,
)

__all__ = [
    "Credentials",
    "Door",
    "SignInNeeded",
    "SignInRefused",
    "add_headers",
    "begin_passkey",
    "change_password",
    "csrf_token",
    "ended_cookie",
    "enter_by_passkey",
    "find_step",
    "hashing",
    "is_local",
    "make_door",
    "of_part",
    "own_path",
    "peer_of",
    "prove_by_passkey",
    "prove_by_password",
    "read_credentials",
    "refuse_forgery",
    "refuse_plain_http",
    "refuse_turned_off",
    "session_cookie",
    "set_up_first",
    "show_code",
    "sign_in",
    "sign_out",
    "sign_pass",
    "site_of",
    "touch_after",
]
