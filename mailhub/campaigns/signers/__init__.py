"""Signatures made beside: processes that hold the keys, get digests of 32 bytes and give signatures back, so that the
processor that RSA takes is another one's. (``cryptography`` holds the interpreter while it signs: threads gain
nothing.)

A signer is a process of its own from its first instruction (no fork of a process that has threads and a loop) and
imports nothing but what signs. Keys go to it over the socket, never through its arguments or its environment.
"""
