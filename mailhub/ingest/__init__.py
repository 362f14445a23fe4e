"""How letters come in: the SMTP listener, and the intake that makes bytes durable before anybody says 250."""
