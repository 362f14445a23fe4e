"""Letters from accounts at other servers (IMAP4rev1, RFC 3501 and 9051).

``wire`` moves bytes within bounds, ``answers`` reads what the server says, ``client`` says the commands, ``folder``
brings one folder up to date, ``session`` does so for an account, ``supervisor`` for all of them.
"""
