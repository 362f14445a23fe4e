"""Invitations to what is planned: sent to people outside as letters with a calendar object, and their answers."""
