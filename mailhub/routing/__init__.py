"""Letters find their thread, their client and their executor."""
