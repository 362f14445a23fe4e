"""Clients of the whole base who may be one: looked for by a job, decided by people."""
