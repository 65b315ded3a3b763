"""Endpoints of URLs, read so that no part of a password can pass for a host.

A password may hold ``@``, ``/``, ``?``, quotes or spaces that nobody encoded. So all up to the last ``@`` is taken for
credentials, and where that is not certain (an ``@`` after a ``?``, after a space, or in the path of a web address), the
URL yields nothing: a missing dependency can be found elsewhere, a leaked password cannot be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from agent.knowledge.inference.endpoint import (
    DEFAULT_PORTS,
    GRPC_RESOLVERS,
    SCHEMES,
    Endpoint,
    canonical,
    is_store,
)

HOST_NAME = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$")
_START = re.compile(
    rf"(?<![A-Za-z0-9])(?:{'|'.join(sorted(SCHEMES, key=len, reverse=True))})(?:\+[a-z0-9_]+)?://",
    re.I,
)
_END = re.compile(r"[\s\"'<>;`]")
_UNSURE_IN_STORE = re.compile(r"[?#\s]|;[\w ]{1,30}=")
_UNSURE_IN_WEB = re.compile(r"[?#\s/\"'<>]")
_QUERY_HOST = re.compile(r"[?&]host=([A-Za-z0-9.-]+)(?:&|$)")
_DATABASE = re.compile(r"^[\w.$-]+$")
_S3_HOST = re.compile(
    r"^(?:(?P<bucket>[a-z0-9.-]+)\.)?s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$"
)
_GCS_HOST = re.compile(r"^(?:(?P<bucket>[a-z0-9._-]+)\.)?storage\.googleapis\.com$")
_AZURE_HOST = re.compile(r"^(?P<account>[a-z0-9-]+)\.(?:blob|dfs)\.core\.windows\.net$")
_SQS_HOST = re.compile(r"^(?:sqs\.[a-z0-9-]+|[a-z0-9-]+\.queue)\.amazonaws\.com$")


class _Split(NamedTuple):
    hosts: str
    path: str
    query: str
    credentials: str
    rest: str


def take_urls(line: str) -> tuple[list[Endpoint], str]:
    """The endpoints of the URLs in one line, and the line without those URLs and whatever may belong to them."""
    found: list[Endpoint] = []
    kept: list[str] = []
    position = 0
    while (start := _START.search(line, position)) is not None:
        kept.append(line[position : start.start()])
        body, position = _body(line, start)
        scheme = start.group().split("://")[0].lower()
        split = _split(body, canonical(scheme))
        if split is not None:
            found += _endpoints(scheme, split)
            kept.append(split.rest)
    kept.append(line[position:])
    return found, " ".join(kept)


def _body(line: str, start: re.Match[str]) -> tuple[str, int]:
    """What follows ``://`` up to the closing quote, the next URL or the end; and where to go on."""
    following = _START.search(line, start.end())
    end = following.start() if following else len(line)
    quote = line[start.start() - 1 : start.start()]
    if quote and quote in "\"'`":
        closing = re.compile(rf"(?<!\\){quote}").search(line, start.end())
        if closing is not None and closing.start() < end:
            end = closing.start()
    return line[start.end() : end], end


def _split(body: str, scheme: str) -> _Split | None:
    """The parts of a URL after ``://``; None where a piece of a password might be taken for another part."""
    credentials, at, tail = body.rpartition("@")
    unsure = _UNSURE_IN_STORE if is_store(scheme) else _UNSURE_IN_WEB
    if at and unsure.search(credentials):
        return None
    end = _END.search(tail)
    whole = tail[: end.start()] if end else tail
    address, mark, query = whole.partition("?")
    hosts, _, path = address.partition("#")[0].partition("/")
    # Behind a query may stand the rest of a password with a space in it.
    rest = "" if mark or end is None else tail[end.start() :]
    return _Split(hosts, path.rstrip(",.)]}"), mark + query, credentials, rest)


def _endpoints(written: str, split: _Split) -> Iterator[Endpoint]:
    scheme = canonical(written)
    hosts, path = split.hosts, split.path
    if written in GRPC_RESOLVERS and not hosts:
        hosts, path = path, ""
    if not hosts and is_store(scheme) and (named := _QUERY_HOST.search(split.query)):
        hosts = named[1]
    for part in hosts.split(","):
        if (
            address := host_and_port(part.strip("()[]{}") if "[" not in part[:1] else part)
        ) is None:
            continue
        host, port = address
        special = _object_store(scheme, host, port, path, split.credentials)
        yield special or Endpoint(
            scheme,
            host,
            port or DEFAULT_PORTS.get(scheme),
            _name(path.strip("/")) if is_store(scheme) else "",
        )


def _name(text: str) -> str:
    return text if _DATABASE.match(text) else ""


def _object_store(
    scheme: str, host: str, port: int | None, path: str, credentials: str
) -> Endpoint | None:
    """The bucket, container or queue that an address of a cloud's storage means, however it is written."""
    first = _name(path.strip("/").split("/")[0])
    if scheme == "azblob":  # wasbs://container@account.blob.core.windows.net
        return Endpoint("azblob", host.split(".")[0], None, _name(credentials))
    if scheme in ("s3", "gs"):
        return Endpoint(scheme, host)
    if scheme not in ("http", "https"):
        return None
    if host.startswith("minio"):  # speaks S3 over plain HTTP; only its name gives it away
        return Endpoint("s3", host, port or DEFAULT_PORTS[scheme], first)
    for name, pattern in (("s3", _S3_HOST), ("gs", _GCS_HOST)):
        if match := pattern.match(host):
            bucket = match["bucket"] or first
            return Endpoint(name, bucket) if bucket else None
    if match := _AZURE_HOST.match(host):
        return Endpoint("azblob", match["account"], None, first)
    queue = _name(path.rstrip("/").rpartition("/")[2]) if _SQS_HOST.match(host) else ""
    return Endpoint("sqs", queue) if queue else None


def host_and_port(text: str) -> tuple[str, int | None] | None:
    """Host in lower case and port of ``host[:port]``; None for what is no address."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return (host, port) if host and (":" in host or HOST_NAME.match(host)) else None
