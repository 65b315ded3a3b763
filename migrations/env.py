"""How Alembic runs the migrations: within the connection and transaction that ``agent.store.migrate`` opened."""

from alembic import context

from agent.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    compare_server_default=True,
)
context.run_migrations()
