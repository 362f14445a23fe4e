"""Letters, pure: bytes to ``ParsedLetter`` and back. No database, no network, and cheap to import: workers import
only this."""
