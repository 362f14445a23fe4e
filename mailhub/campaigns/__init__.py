"""Mailings: one letter to many, each its own, with a durable row for everybody."""
