"""Mailboxes and what lies in them: letters understood once, messages in each mailbox, threads, search."""
