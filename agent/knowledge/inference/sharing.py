"""Settings that several services share: the same variable with the same value points to the same thing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent.knowledge.inference.addresses import endpoints_in, is_secret
from agent.knowledge.inference.endpoint import Endpoint
from agent.knowledge.inference.workload import Tie, Workload
from agent.redaction import redact

_KINDS = (
    ("bucket", re.compile(r"(?:^|_)BUCKET(?:_NAME)?$", re.I)),
    (
        "queue",
        re.compile(r"(?:^|_)(?:QUEUE|TOPIC|STREAM|EXCHANGE|SUBJECT|SUBSCRIPTION)(?:_NAME)?$", re.I),
    ),
    (
        "database",
        re.compile(
            r"(?:^|_)(?:DB|DATABASE|DBNAME|KEYSPACE|COLLECTION)(?:_NAME)?$|^PGDATABASE$"
            r"|(?:^|_)(?:TABLE|INDEX)(?:_NAME)$",
            re.I,
        ),
    ),
)
"""Kind of the thing -> variables whose value is its name. All other plain values (LOG_LEVEL, TZ, REGION) say nothing."""
_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9._/-]{2,62}$")
_ORDINARY = frozenset(
    {"true", "false", "none", "null", "default", "main", "public", "test", "postgres", "mysql"}
    | {"admin", "app", "local", "production", "staging", "development"}
)
"""Values that many have without sharing anything."""
_MOST_USERS_OF_A_NAME = 40
"""Beyond that a name is boilerplate."""
_SURE_OF_ENDPOINT = 0.85
_SURE_OF_NAME = 0.6
_USERS_SAID = 4


class Shared(NamedTuple):
    """One thing that several workloads are pointed to by the same setting."""

    kind: str
    """cache, database, queue, bucket or service."""
    name: str
    namespace: str
    """Where it is, as far as the settings tell: what the host says, else where all its users are."""
    endpoint: Endpoint | None
    """None when only its name is known (``ORDERS_TOPIC=orders.created``)."""
    variable: str
    users: tuple[str, ...]
    """Keys, sorted; two at least."""
    evidence: str
    confidence: float

    @property
    def key(self) -> str:
        """The graph's key of the thing, where no better one is known."""
        return f"{self.namespace or '-'}/{self.kind}/{self.name}"

    def ties(self, target: str = "") -> Iterator[Tie]:
        """Each user depends on the thing; ``target`` is its key where the caller knows a better one."""
        for user in self.users:
            if user != (target or self.key):
                yield Tie(user, target or self.key, "depends_on", self.evidence, self.confidence)


class _Thing(NamedTuple):
    kind: str
    name: str
    namespace: str
    endpoint: Endpoint | None


def shared_variables(workloads: Iterable[Workload]) -> list[Shared]:
    """What settings with the same name and meaning point two or more workloads to, by thing.

    Addresses are compared by where they lead, so that different credentials of two services don't hide that they share a
    database. Names count only in variables that name things (buckets, queues, topics, databases), within a namespace.
    """
    users: dict[_Thing, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for workload in workloads:
        for variable, value in workload.env.items():
            for thing in _things(variable, value, workload.namespace):
                users[thing][variable.upper()].setdefault(workload.key, workload.name)
    found = (_shared(thing, by_variable) for thing, by_variable in users.items())
    return sorted((s for s in found if s is not None), key=lambda s: (s.key, s.variable))


def _things(variable: str, value: str, namespace: str) -> Iterator[_Thing]:
    if is_secret(variable):
        return
    endpoints = endpoints_in({variable: value})
    for endpoint in endpoints:
        yield _place(endpoint._replace(database=""), namespace)
    if endpoints or not _NAME.match(value) or value.lower() in _ORDINARY or redact(value) != value:
        return
    for kind, pattern in _KINDS:
        if pattern.search(variable):
            yield _Thing(kind, value, "" if kind == "bucket" else namespace, None)
            return


def _place(endpoint: Endpoint, namespace: str) -> _Thing:
    """What an endpoint leads to: hosts outside of the cluster, and buckets, are in no namespace."""
    if endpoint.kind == "bucket" or ("." in endpoint.host and not endpoint.namespace):
        return _Thing(endpoint.kind, endpoint.host, "", endpoint)
    within = endpoint._replace(host=endpoint.service)
    return _Thing(endpoint.kind, endpoint.service, endpoint.namespace or namespace, within)


def _shared(thing: _Thing, by_variable: dict[str, dict[str, str]]) -> Shared | None:
    """The variable that the most share stands for all that point there."""
    variable, names = max(by_variable.items(), key=lambda v: (len(v[1]), v[0]))
    if len(names) < 2 or (thing.endpoint is None and len(names) > _MOST_USERS_OF_A_NAME):
        return None
    said = sorted(names.values())
    more = f" and {len(said) - _USERS_SAID} more" if len(said) > _USERS_SAID else ""
    where = thing.endpoint.address if thing.endpoint else f"{thing.kind} {thing.name}"
    return Shared(
        kind=thing.kind,
        name=thing.name,
        namespace=thing.namespace,
        endpoint=thing.endpoint,
        variable=variable,
        users=tuple(sorted(names)),
        evidence=f"{variable} points {', '.join(said[:_USERS_SAID])}{more} to {where}",
        confidence=_SURE_OF_ENDPOINT if thing.endpoint else _SURE_OF_NAME,
    )
