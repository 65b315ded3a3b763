"""Real PostgreSQL and the vendors' own clients."""
