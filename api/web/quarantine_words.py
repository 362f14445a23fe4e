"""Where a letter stopped, in words. Each is a message id; the keys are the names of the steps of the journey."""

from __future__ import annotations

STOPPED_AT = {
    "parse": "reading it",
    "recognise": "finding out what kind of letter it is",
    "match": "finding whose letter it is",
    "thread": "finding its conversation",
    "record": "writing it into the history of the client",
    "gather": "joining conversations that are one",
    "settle": "seeing what follows for letters of ours",
    "rules": "doing what the rules say",
    "assign": "choosing who answers",
    "acknowledge": "confirming that it came",
    "wake": "waking a conversation that was put aside",
}
