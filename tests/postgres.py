"""A real PostgreSQL for tests: one embedded server per user, a fresh migrated database for each test.

The server's folder is kept between runs and shared by the workers of pytest-xdist; the template of the databases is
named after the schema's source, so that a changed schema makes a new one.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import make_url

from agent.store import migrate
from agent.store.embedded import EmbeddedPostgres

ROOT = Path(__file__).parents[1]
FOLDER = Path(tempfile.gettempdir()) / f"srebot-tests-{os.geteuid()}"
TEMPLATE_LOCK = 7_303_014_900
UNSAFE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
}
"""What a power cut destroys is made anew: making and dropping a database takes a sixth of the time."""


@contextmanager
def server() -> Iterator[str]:
    """A running server; gives the URL of its main database."""
    with EmbeddedPostgres(FOLDER) as url:
        with _administer(url) as connection:
            _make_unsafe(connection)
            _drop_leftovers(connection)
        yield url


@contextmanager
def fresh_database(server_url: str, *, migrated: bool = True) -> Iterator[str]:
    """A database of its own, dropped in the end; with the schema, or empty."""
    template = _ensure_template(server_url) if migrated else "template1"
    name = f"test_{os.getpid()}_{uuid.uuid4().hex[:12]}"
    with _administer(server_url) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield _named(server_url, name)
    finally:
        with _administer(server_url) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _named(server_url: str, database: str) -> str:
    return make_url(server_url).set(database=database).render_as_string(hide_password=False)


def _administer(server_url: str) -> psycopg.Connection:
    url = server_url.replace("postgresql+psycopg", "postgresql")
    return psycopg.connect(url, autocommit=True)


def _ensure_template(server_url: str) -> str:
    sources = [*ROOT.glob("migrations/**/*.py"), *ROOT.glob("agent/store/tables/*.py")]
    content = b"".join(path.read_bytes() for path in sorted(sources))
    name = f"template_{hashlib.sha256(content).hexdigest()[:12]}"
    with _administer(server_url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if known.fetchone() is None:
            unfinished = f"{name}_unfinished"
            connection.execute(f"DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {unfinished}")
            migrate.upgrade(_named(server_url, unfinished))
            connection.execute(f"ALTER DATABASE {unfinished} RENAME TO {name}")
    return name


def _make_unsafe(connection: psycopg.Connection) -> None:
    found = connection.execute("SELECT name, setting FROM pg_file_settings WHERE applied")
    if UNSAFE.items() <= dict(found.fetchall()).items():
        return
    for name, value in UNSAFE.items():
        connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    connection.execute("SELECT pg_reload_conf()")


def _drop_leftovers(connection: psycopg.Connection) -> None:
    """Drop the databases of test processes that are gone."""
    found = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'")
    for (name,) in found.fetchall():
        if not psutil.pid_exists(int(name.split("_")[1])):
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
