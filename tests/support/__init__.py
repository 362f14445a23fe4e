"""What the tests lean on: databases, servers, letters."""
