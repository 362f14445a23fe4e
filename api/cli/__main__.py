"""``python -m api.cli``, for a checkout whose program is not installed."""

from __future__ import annotations

from api.cli import main

main()
