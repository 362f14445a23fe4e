"""Letters that go by themselves: rules, what they wait for, what they sent and why."""
