"""Alembic migrations of srebot's database; run by ``agent.store.migrate``."""
