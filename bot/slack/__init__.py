"""The Bolt app: one module per surface."""
