"""Notices as sentences, and as letters of the house to those who want them by mail."""
