"""Webhooks of alert senders: how each proves that it is the sender, what its payload says, and the way in."""
