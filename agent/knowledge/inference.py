"""Implied dependencies: the endpoints that URLs, DSNs and host names in settings point to.

Passwords and user names are never kept: an ``Endpoint`` holds only where a connection goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

DEFAULT_PORTS = {
    "redis": 6379,
    "postgresql": 5432,
    "mysql": 3306,
    "mongodb": 27017,
    "amqp": 5672,
    "kafka": 9092,
    "memcached": 11211,
    "elasticsearch": 9200,
    "http": 80,
    "https": 443,
    "grpc": 443,
}
"""Scheme -> the port it means when none is written."""

_SCHEMES = {
    "rediss": "redis",
    "valkey": "redis",
    "postgres": "postgresql",
    "psql": "postgresql",
    "mariadb": "mysql",
    "amqps": "amqp",
    "mongodb+srv": "mongodb",
    "memcache": "memcached",
    "ws": "http",
    "wss": "https",
}
_STORES = {
    "redis": "cache",
    "memcached": "cache",
    "postgresql": "database",
    "mysql": "database",
    "mongodb": "database",
    "elasticsearch": "database",
    "amqp": "queue",
    "kafka": "queue",
}
_URL = re.compile(r"(?:jdbc:)?\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s\"'<>,;]+")
_KEYWORD_DSN = re.compile(r"\b(host|port|dbname|database)\s*=\s*'?([A-Za-z0-9_.-]+)'?")
_HOST_PORT = re.compile(
    r"(?<![\w.@/-])([a-zA-Z][a-zA-Z0-9-]*(?:\.[a-zA-Z0-9-]+)*):(\d{2,5})(?![\w.:])"
)
_CLUSTER_HOST = re.compile(r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)?\.svc(?:\.cluster\.local)?\b")
_HOST_NAME = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$")
_HOST_VARIABLE = re.compile(r"(?:^|_)(HOST|HOSTNAME|ADDR|ADDRESS|ENDPOINT|SERVER|BROKERS?)$", re.I)
_SECRET_VARIABLE = re.compile(r"(?:^|_)(PASSWORD|PASSWD|SECRET|TOKEN|API_KEY)$", re.I)
_SCHEME_WORDS = {
    "redis": "redis",
    "pg": "postgresql",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mongo": "mongodb",
    "mongodb": "mongodb",
    "rabbitmq": "amqp",
    "amqp": "amqp",
    "kafka": "kafka",
    "memcached": "memcached",
    "elasticsearch": "elasticsearch",
}
_LOCAL = {"localhost", "127.0.0.1", "0.0.0.0", "::1"}  # noqa: S104 - recognised, never bound


class Endpoint(NamedTuple):
    """Where a connection goes. ``scheme`` is canonical (``postgresql``, ``redis``, ``amqp``) or empty if unknown."""

    scheme: str
    host: str
    port: int | None = None
    database: str = ""

    @property
    def service(self) -> str:
        """The host's first label, which is the Service's name inside a cluster."""
        return self.host.split(".")[0]

    @property
    def namespace(self) -> str:
        """The namespace named by a cluster-internal host, or empty."""
        labels = self.host.split(".")
        return labels[1] if len(labels) == 2 or (len(labels) > 2 and labels[2] == "svc") else ""

    @property
    def kind(self) -> str:
        """What sort of entity it is: cache, database, queue or service."""
        return _STORES.get(self.scheme, "service")


def endpoints_in(source: str | Mapping[str, object]) -> list[Endpoint]:
    """The distinct endpoints that a text, or the values of a mapping of settings, point to, in order of appearance.

    Understands URLs (also JDBC and with several hosts), libpq keyword DSNs, ``host:port``, cluster-internal host
    names, and pairs of variables such as ``DB_HOST``/``DB_PORT``. Loopback addresses are left out.
    """
    found = _in_text(source) if isinstance(source, str) else _in_mapping(source)
    unique = dict.fromkeys(e for e in found if e.host not in _LOCAL)
    known = {e.host for e in unique if e.scheme and e.port}
    return [e for e in unique if (e.scheme and e.port) or e.host not in known]


def _in_mapping(values: Mapping[str, object]) -> Iterator[Endpoint]:
    for name, value in values.items():
        if _SECRET_VARIABLE.search(name):
            continue
        if isinstance(value, Mapping):
            yield from _in_mapping(value)
        elif isinstance(value, (list, tuple)):
            for item in value:
                yield from _in_text(str(item))
        elif value is not None:
            yield from _in_variable(name, str(value), values)


def _in_variable(name: str, value: str, values: Mapping[str, object]) -> Iterator[Endpoint]:
    found = list(_in_text(value))
    if found:
        scheme = _scheme_of_name(name)
        yield from (e if e.scheme else e._replace(scheme=scheme) for e in found)
    elif (match := _HOST_VARIABLE.search(name)) and _HOST_NAME.match(value):
        scheme = _scheme_of_name(name)
        port = str(values.get(name[: match.start(1)] + "PORT", ""))
        database = str(
            values.get(name[: match.start(1)] + "NAME", "")
            or values.get(name[: match.start(1)] + "DATABASE", "")
        )
        yield Endpoint(
            scheme,
            value.lower(),
            int(port) if port.isdigit() else DEFAULT_PORTS.get(scheme),
            database if _HOST_NAME.match(database) else "",
        )


def _scheme_of_name(name: str) -> str:
    words = re.split(r"[^a-z0-9]+", name.lower())
    return next((_SCHEME_WORDS[w] for w in words if w in _SCHEME_WORDS), "")


def _in_text(text: str) -> Iterator[Endpoint]:
    rest = text
    for match in _URL.finditer(text):
        rest = rest.replace(match.group(), " ")
        yield from _from_url(match.group())
    keywords = dict(_KEYWORD_DSN.findall(rest))
    if "host" in keywords:
        yield _from_keywords(keywords)
        rest = _KEYWORD_DSN.sub(" ", rest)
    for host, port in _HOST_PORT.findall(rest):
        if int(port) <= 65535:
            yield Endpoint(_scheme_of_port(int(port)), host.lower(), int(port))
    for host in _CLUSTER_HOST.findall(rest):
        yield Endpoint("", host.lower())


def _from_keywords(keywords: Mapping[str, str]) -> Endpoint:
    port = keywords.get("port", "")
    return Endpoint(
        "postgresql",
        keywords["host"].lower(),
        int(port) if port.isdigit() else DEFAULT_PORTS["postgresql"],
        keywords.get("dbname") or keywords.get("database") or "",
    )


def _scheme_of_port(port: int) -> str:
    return next((s for s, p in DEFAULT_PORTS.items() if p == port and s in _STORES), "")


def _from_url(url: str) -> Iterator[Endpoint]:
    scheme, rest = url.removeprefix("jdbc:").split("://", 1)
    scheme = _canonical(scheme.lower())
    authority, _, path = rest.partition("/")
    authority = authority.partition("?")[0].rpartition("@")[2]
    database = re.split(r"[?#]", path)[0].strip("/") if scheme in _STORES else ""
    for part in authority.split(","):
        if (address := _host_and_port(part)) is not None:
            host, port = address
            yield Endpoint(scheme, host, port or DEFAULT_PORTS.get(scheme), database)


def _canonical(scheme: str) -> str:
    if scheme in _SCHEMES:
        return _SCHEMES[scheme]
    base = scheme.partition("+")[0]
    return _SCHEMES.get(base, base)


def _host_and_port(text: str) -> tuple[str, int | None] | None:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return (host, port) if host and (":" in host or _HOST_NAME.match(host)) else None
