"""A simulated company behind the vendors' real HTTP APIs."""
