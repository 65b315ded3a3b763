"""Where settings point to, read from environments, arguments and ConfigMaps with their secrets masked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from agent.knowledge.inference import Endpoint, endpoints_in, shared_variables
from agent.knowledge.inference import Workload as Described
from agent.model import Json
from agent.redaction import MARK
from integrations.kubernetes.graph.records import Setting

_HOST_VARIABLE = re.compile(r"(?:^|_)(HOST|HOSTNAME|ADDR|ADDRESS|ENDPOINT|SERVER)$", re.I)
_MAY_POINT = re.compile(r"[:=@]|\.svc")
_POINTS_BY_NAME = re.compile(r"HOST|ADDR|ENDPOINT|SERVER|BROKER", re.I)
_NAMES_THINGS = re.compile(
    r"BUCKET|QUEUE|TOPIC|STREAM|EXCHANGE|SUBJECT|SUBSCRIPTION|DB|DATABASE|KEYSPACE|COLLECTION|TABLE|INDEX",
    re.I,
)
"""What costs next to nothing to rule out is not handed to inference: most settings are neither."""
_PARTNERS = ("PORT", "NAME", "DATABASE")
"""Variables that complete a host's: ``DB_HOST`` with ``DB_PORT``."""
_LONGEST_READ = 100_000
"""Characters of a value; longer ones are data, not settings."""
_LONGEST_SHOWN = 80
_LONGEST_NAME = 64


def settings_of(containers: Iterable[Json]) -> Iterator[Setting]:
    """The settings in a workload's own containers (``objects.container_data``) that point somewhere."""
    for data in containers:
        values = {n: str(v["value"]) for n, v in data["env"].items() if "value" in v}
        yield from pointing(values, "environment")
        arguments = {f"argument {n}": a for n, a in enumerate(data["args"])}
        yield from pointing(arguments, "arguments")


def pointing(values: Mapping[str, str], place: str = "") -> Iterator[Setting]:
    """The values that point somewhere."""
    for variable, value in values.items():
        if len(value) > _LONGEST_READ or not (
            _MAY_POINT.search(value) or _POINTS_BY_NAME.search(variable)
        ):
            continue
        partners: tuple[tuple[str, str], ...] = ()
        if match := _HOST_VARIABLE.search(variable):
            prefix = variable[: match.start(1)]
            partners = tuple(
                (prefix + p, values[prefix + p]) for p in _PARTNERS if values.get(prefix + p)
            )
        for endpoint in _endpoints(variable, value, partners):
            yield Setting(variable, place, endpoint)


@lru_cache(maxsize=20_000)
def _endpoints(
    variable: str, value: str, partners: tuple[tuple[str, str], ...]
) -> tuple[Endpoint, ...]:
    """Clusters repeat their settings; the same ones are read once."""
    return tuple(endpoints_in({variable: value, **dict(partners)}))


def naming(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The variables whose value is the name of a thing that others may share (``ORDERS_TOPIC=orders.created``)."""
    for variable, value in values.items():
        short = len(value) <= _LONGEST_NAME
        if short and _NAMES_THINGS.search(variable) and _names_a_thing(variable, value):
            yield variable, value


@lru_cache(maxsize=20_000)
def _names_a_thing(variable: str, value: str) -> bool:
    pair = [Described(key=k, name=k, namespace="-", env={variable: value}) for k in "ab"]
    return any(s.endpoint is None for s in shared_variables(pair))


def data_of(values: Mapping[str, object], masked: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Key -> digest of its value, and the value where it is one short line and no secret.

    Args:
        values: of a ConfigMap.
        masked: the same with their secrets masked.
    """
    return {key: (_digest(value), _shown(masked[key])) for key, value in values.items()}


def _digest(value: object) -> str:
    return hashlib.blake2b(str(value).encode(), digest_size=8).hexdigest()


def _shown(masked: str) -> str:
    return "" if len(masked) > _LONGEST_SHOWN or "\n" in masked or MARK in masked else masked
