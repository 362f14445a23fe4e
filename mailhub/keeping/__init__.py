"""How long things are kept: retention, holds, what is let go for good, and what we hold of one person."""
