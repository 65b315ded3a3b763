"""DBOS is one per process, and so are the instances that its workflows belong to; tests share a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dbos import DBOS
from dbos._dbos import _get_or_create_dbos_registry


@contextmanager
def dbos(url: str, name: str) -> Iterator[None]:
    """DBOS, to be launched within when its instances are made; afterwards another test may make its own."""
    _get_or_create_dbos_registry().instance_info_map.clear()
    DBOS(config={"name": name, "system_database_url": url, "log_level": "ERROR"})
    try:
        yield
    finally:
        DBOS.destroy()
        _get_or_create_dbos_registry().instance_info_map.clear()
