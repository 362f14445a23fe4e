"""The staff: users, teams, scopes and grants, sessions, tokens, audit, and the one door to rows that have an owner."""
