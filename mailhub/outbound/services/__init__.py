"""Services that letters leave by and that tell over HTTP what came back: each call is proved as the service says, and
what it tells is read into the one shape that reports by letter have too. Nothing in here knows of a request."""
