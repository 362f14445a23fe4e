"""The people: staff, clients, what happened with them. Knows nothing of SMTP, IMAP or HTML."""
