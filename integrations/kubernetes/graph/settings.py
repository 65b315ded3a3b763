"""Where settings point to, read from environments, arguments and ConfigMaps with their secrets masked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from agent.knowledge.inference import Endpoint, endpoints_in, shared_variables
from agent.knowledge.inference import Workload as Described
from agent.model import Json
from agent.redaction import MARK
from integrations.kubernetes import objects
from integrations.kubernetes.graph.records import Setting
from integrations.masking import mask_setting

_HOST_VARIABLE = re.compile(r"(?:^|_)(HOST|HOSTNAME|ADDR|ADDRESS|ENDPOINT|SERVER)$", re.I)
_PARTNERS = ("PORT", "NAME", "DATABASE")
"""Variables that complete a host's: ``DB_HOST`` with ``DB_PORT``."""
_LONGEST_READ = 100_000
"""Characters of a value; longer ones are data, not settings."""
_LONGEST_SHOWN = 80
_LONGEST_NAME = 64


def settings_of(item: Json) -> Iterator[Setting]:
    """The settings in a workload's own pod template that point somewhere."""
    for container in objects.containers_of(item):
        data = objects.container_data(container)
        values = {n: str(v["value"]) for n, v in data["env"].items() if "value" in v}
        yield from pointing(values, "environment")
        arguments = {f"argument {n}": a for n, a in enumerate(data["args"])}
        yield from pointing(arguments, "arguments")


def pointing(values: Mapping[str, str], place: str = "") -> Iterator[Setting]:
    """The values that point somewhere."""
    for variable, value in values.items():
        if len(value) > _LONGEST_READ:
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
        if len(value) <= _LONGEST_NAME and _names_a_thing(variable, value):
            yield variable, value


@lru_cache(maxsize=20_000)
def _names_a_thing(variable: str, value: str) -> bool:
    pair = [Described(key=k, name=k, namespace="-", env={variable: value}) for k in "ab"]
    return any(s.endpoint is None for s in shared_variables(pair))


def data_of(config_map: Json) -> dict[str, tuple[str, str]]:
    """Key -> digest of its value, and the value where it is one short line and no secret."""
    return {
        key: (hashlib.blake2b(str(value).encode(), digest_size=8).hexdigest(), _shown(key, value))
        for key, value in (config_map.get("data") or {}).items()
    }


def _shown(key: str, value: object) -> str:
    text = str(value)
    if len(text) > _LONGEST_SHOWN or "\n" in text:
        return ""
    masked = mask_setting(key, text)
    return "" if MARK in masked else masked
