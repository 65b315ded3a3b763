"""Where a connection goes, and what is known of its scheme."""

from __future__ import annotations

from typing import NamedTuple

DEFAULT_PORTS = {
    "redis": 6379,
    "postgresql": 5432,
    "mysql": 3306,
    "mongodb": 27017,
    "sqlserver": 1433,
    "cassandra": 9042,
    "amqp": 5672,
    "kafka": 9092,
    "nats": 4222,
    "memcached": 11211,
    "elasticsearch": 9200,
    "http": 80,
    "https": 443,
    "grpc": 443,
}
"""Scheme -> the port it means when none is written."""

_STORES = {
    "redis": "cache",
    "memcached": "cache",
    "postgresql": "database",
    "mysql": "database",
    "mongodb": "database",
    "sqlserver": "database",
    "cassandra": "database",
    "elasticsearch": "database",
    "amqp": "queue",
    "kafka": "queue",
    "nats": "queue",
    "sqs": "queue",
}
_OBJECT_STORES = frozenset({"s3", "gs", "azblob"})
_CANONICAL = {
    "rediss": "redis",
    "valkey": "redis",
    "valkeys": "redis",
    "postgres": "postgresql",
    "psql": "postgresql",
    "pgsql": "postgresql",
    "mariadb": "mysql",
    "mongo": "mongodb",
    "mssql": "sqlserver",
    "cql": "cassandra",
    "amqps": "amqp",
    "memcache": "memcached",
    "opensearch": "elasticsearch",
    "grpcs": "grpc",
    "dns": "grpc",
    "xds": "grpc",
    "passthrough": "grpc",
    "ws": "http",
    "wss": "https",
    "s3a": "s3",
    "s3n": "s3",
    "gcs": "gs",
    "wasb": "azblob",
    "wasbs": "azblob",
    "abfs": "azblob",
    "abfss": "azblob",
}
_OTHERS = ("tcp", "tls", "udp", "ldap", "ldaps", "ftp", "sftp", "smtp", "smtps", "clickhouse")
_WORDS = {
    "redis": "redis",
    "valkey": "redis",
    "pg": "postgresql",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mongo": "mongodb",
    "mongodb": "mongodb",
    "rabbitmq": "amqp",
    "amqp": "amqp",
    "kafka": "kafka",
    "nats": "nats",
    "memcached": "memcached",
    "elasticsearch": "elasticsearch",
    "grpc": "grpc",
}
SCHEMES = frozenset({*DEFAULT_PORTS, *_STORES, *_OBJECT_STORES, *_CANONICAL, *_OTHERS})
"""Every scheme that counts as an address, as it is written."""
GRPC_RESOLVERS = frozenset({"dns", "xds", "passthrough"})
"""Names of gRPC's resolvers, after which the host stands in the path: ``dns:///cart:50051``."""


class Endpoint(NamedTuple):
    """Where a connection goes. ``scheme`` is canonical (``postgresql``, ``redis``, ``s3``) or empty if unknown."""

    scheme: str
    host: str
    """A host; of S3-like addresses the bucket (of Azure the account), however it was written."""
    port: int | None = None
    database: str = ""
    """Of a data store its database; of MinIO and Azure the bucket or container."""

    @property
    def service(self) -> str:
        """The host's first label, which is the Service's name inside a cluster; a bucket's whole name."""
        return self.host if self.kind == "bucket" else self.host.split(".")[0]

    @property
    def namespace(self) -> str:
        """The namespace named by a cluster-internal host, or empty."""
        if self.kind == "bucket":
            return ""
        labels = self.host.split(".")
        return labels[1] if len(labels) == 2 or (len(labels) > 2 and labels[2] == "svc") else ""

    @property
    def kind(self) -> str:
        """What sort of entity it is: cache, database, queue, bucket or service."""
        if self.scheme in _OBJECT_STORES and self.port is None:
            return "bucket"
        return _STORES.get(self.scheme, "service")

    @property
    def address(self) -> str:
        """How it is shown: ``redis-reco:6379``, ``auth-db:5432/auth``."""
        port = f":{self.port}" if self.port else ""
        return f"{self.host}{port}" + (f"/{self.database}" if self.database else "")


def canonical(scheme: str) -> str:
    """The one name of a scheme: ``postgres`` and ``postgresql+asyncpg`` are both ``postgresql``."""
    scheme = scheme.lower()
    base = scheme if scheme in _CANONICAL else scheme.partition("+")[0]
    return _CANONICAL.get(base, base)


def is_store(scheme: str) -> bool:
    """Whether a canonical scheme belongs to a data store, whose path is a database and holds no ``@``."""
    return scheme in _STORES


def scheme_of_port(port: int) -> str:
    """The data store (or gRPC) that listens there by custom, or empty."""
    if port == 50051:
        return "grpc"
    return next((s for s, p in DEFAULT_PORTS.items() if p == port and s in _STORES), "")


def scheme_of_words(words: list[str]) -> str:
    """The scheme that the words of a variable's name tell, or empty."""
    return next((_WORDS[w] for w in words if w in _WORDS), "")
