"""The ground: database, changes, jobs, blobs, full text, settings, clock, errors. Knows nothing of clients or mail."""
