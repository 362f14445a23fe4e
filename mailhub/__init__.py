"""The post office: how letters come in, find their people, and go out. Knows nothing of HTTP."""

__version__ = "0.1.0"
