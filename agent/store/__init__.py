"""PostgreSQL: engine, tables and repositories."""
