"""The reception: HTTP, pages, command line. Reads input, makes one call below, shapes the answer."""
