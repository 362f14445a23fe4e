"""Clients come from tables of other programs and leave as tables; and pairs among them that may be one."""
