"""The endpoints that texts and settings point to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from agent.knowledge.inference.endpoint import (
    DEFAULT_PORTS,
    Endpoint,
    scheme_of_port,
    scheme_of_words,
)
from agent.knowledge.inference.urls import HOST_NAME, host_and_port, take_urls
from agent.redaction import redact

_GO_DSN = re.compile(r"^.*@(?:tcp|udp)\(([^()@\s]+)\)/([\w$-]*).*$")
_GUARDED_NAME = (
    r"(?:\b|_)(?:\w{0,40}pass(?:word|wd|phrase)|pass|pwd|\w{0,40}(?:secret|token|api_?key))"
)
_SECRET_KEYWORD = re.compile(
    rf"{_GUARDED_NAME}\s*[=:]\s*(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|.*?)"
    r"(?=(?:\s+|[;,&]\s*)[A-Za-z_][\w ]{0,30}=|$)",
    re.I,
)
_KEYWORD_DSN = re.compile(
    r"\b(host|hostaddr|port|dbname|database)\s*=\s*'?([A-Za-z0-9_.-]+)'?", re.I
)
_ADO_SERVER = re.compile(
    r"\b(?:server|data source)\s*=\s*(?:tcp:)?([A-Za-z0-9.-]+)(?:,(\d{2,5}))?(?=\s*(?:;|$))", re.I
)
_HOST_PORT = re.compile(
    r"(?<![\w.@/:-])([a-zA-Z][a-zA-Z0-9-]*(?:\.[a-zA-Z0-9-]+)*):(\d{2,5})(?![\w.:@])"
)
_CLUSTER_HOST = re.compile(r"(?<![\w.@-])[a-z0-9-]+(?:\.[a-z0-9-]+)?\.svc(?:\.cluster\.local)?\b")
_HOST_VARIABLE = re.compile(r"(?:^|_)(HOST|HOSTNAME|ADDR|ADDRESS|ENDPOINT|SERVER|BROKERS?)$", re.I)
_SECRET_VARIABLE = re.compile(
    r"(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?)$|(?:^|[_.-])(?:PASS|PWD)$"
    r"|(?:API|ACCESS|PRIVATE|SIGNING|ENCRYPTION)_?KEY$|CLI_AUTH$",
    re.I,
)
_LOCAL = {"localhost", "127.0.0.1", "0.0.0.0", "::1"}  # noqa: S104 - recognised, never bound
_LONGEST_LINE = 16_000
"""Longer ones are data, not settings; cutting them could take a piece of a password for a host."""


def endpoints_in(source: str | Mapping[str, object]) -> list[Endpoint]:
    """The distinct endpoints that a text, or the values of a mapping of settings, point to, in order of appearance.

    Understands URLs (also JDBC, with several hosts, of gRPC's resolvers and of S3, MinIO, Google and Azure storage),
    libpq and ADO keyword DSNs, Go's ``user:password@tcp(host:port)/database``, ``host:port``, cluster-internal host
    names, and pairs of variables such as ``DB_HOST``/``DB_PORT``. Loopback addresses are left out.
    """
    found = _in_text(source) if isinstance(source, str) else _in_mapping(source)
    unique = dict.fromkeys(e for e in found if e.host not in _LOCAL)
    known = {e.host for e in unique if e.scheme and e.port}
    return [e for e in unique if (e.scheme and e.port) or e.kind == "bucket" or e.host not in known]


def is_secret(variable: str) -> bool:
    """Whether a variable of this name holds a secret."""
    return _SECRET_VARIABLE.search(variable) is not None


def _in_mapping(values: Mapping[str, object]) -> Iterator[Endpoint]:
    for name, value in values.items():
        if is_secret(name):
            continue
        if isinstance(value, Mapping):
            yield from _in_mapping(value)
        elif isinstance(value, (list, tuple)):
            for item in value:
                yield from _in_text(str(item))
        elif value is not None:
            yield from _in_variable(name, str(value), values)


def _in_variable(name: str, value: str, values: Mapping[str, object]) -> Iterator[Endpoint]:
    scheme = scheme_of_words(re.split(r"[^a-z0-9]+", name.lower()))
    if found := list(_in_text(value)):
        yield from (e if e.scheme else e._replace(scheme=scheme) for e in found)
    elif (match := _HOST_VARIABLE.search(name)) and HOST_NAME.match(value):
        prefix = name[: match.start(1)]
        port = str(values.get(prefix + "PORT", ""))
        database = str(values.get(prefix + "NAME", "") or values.get(prefix + "DATABASE", ""))
        yield Endpoint(
            scheme,
            value.lower(),
            int(port) if port.isdecimal() else DEFAULT_PORTS.get(scheme),
            database if HOST_NAME.match(database) else "",
        )


def _in_text(text: str) -> Iterator[Endpoint]:
    for line in text.splitlines():
        if len(line) <= _LONGEST_LINE:
            yield from _in_line(line)


def _in_line(line: str) -> Iterator[Endpoint]:
    if match := _GO_DSN.match(line):
        if (address := host_and_port(match[1])) is not None:
            yield Endpoint("mysql", address[0], address[1] or DEFAULT_PORTS["mysql"], match[2])
        return
    found, rest = take_urls(line)
    yield from found
    yield from _without_urls(redact(_SECRET_KEYWORD.sub(" ", rest)))


def _without_urls(rest: str) -> Iterator[Endpoint]:
    keywords = {k.lower(): v for k, v in _KEYWORD_DSN.findall(rest)}
    if "host" in keywords or "hostaddr" in keywords:
        yield _from_keywords(keywords)
        rest = _KEYWORD_DSN.sub(" ", rest)
    for host, port in _ADO_SERVER.findall(rest):
        yield Endpoint("sqlserver", host.lower(), int(port or 1433), keywords.get("database", ""))
    rest = _ADO_SERVER.sub(" ", rest)
    for host, port in _HOST_PORT.findall(rest):
        if int(port) <= 65535:
            yield Endpoint(scheme_of_port(int(port)), host.lower(), int(port))
    for host in _CLUSTER_HOST.findall(rest):
        yield Endpoint("", host.lower())


def _from_keywords(keywords: Mapping[str, str]) -> Endpoint:
    port = keywords.get("port", "")
    return Endpoint(
        "postgresql",
        (keywords.get("host") or keywords["hostaddr"]).lower(),
        int(port) if port.isdecimal() else DEFAULT_PORTS["postgresql"],
        keywords.get("dbname") or keywords.get("database") or "",
    )
