"""What images say: services built from one repository, exporters beside their product, backups beside their store."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from agent.knowledge.inference.workload import Tie, Workload

_PRODUCTS = {
    "redis": re.compile(r"redis|valkey|keydb|dragonfly"),
    "postgresql": re.compile(r"postgres|postgresql|pgsql|timescaledb|spilo|^pg$"),
    "mysql": re.compile(r"mysql|mysqld|mariadb|percona"),
    "mongodb": re.compile(r"mongo|mongodb|mongod"),
    "amqp": re.compile(r"rabbitmq"),
    "kafka": re.compile(r"kafka|cp-kafka|redpanda"),
    "elasticsearch": re.compile(r"elasticsearch|opensearch"),
    "memcached": re.compile(r"memcached"),
    "cassandra": re.compile(r"cassandra|scylla"),
    "nginx": re.compile(r"nginx"),
}
_EXPORTER = re.compile(r"(?:^|[-_])(?:exporter|metrics)(?:$|[-_])")
_BACKUP = re.compile(
    r"(?:^|[-_])(?:backup|backups|dump|pgdump|mysqldump|snapshot)(?:$|[-_])"
    r"|^(?:pgbackrest|barman|wal-g|walg|xtrabackup|restic|velero)"
)
_BACKUP_OF = {
    "pgdump": "postgresql",
    "pgbackrest": "postgresql",
    "barman": "postgresql",
    "wal-g": "postgresql",
    "walg": "postgresql",
    "mysqldump": "mysql",
    "xtrabackup": "mysql",
}
_WORD = re.compile(r"[a-z0-9]+")
_COMMON = frozenset(
    {"backup", "backups", "dump", "snapshot", "exporter", "metrics", "db", "job", "cron", "nightly"}
    | {"daily", "hourly", "weekly", "prod", "production", "primary", "replica", *_PRODUCTS}
)
"""Words of names that tie nothing together by themselves."""
_MOST_SIBLINGS = 20
"""More workloads than that on one image share a tool or a base, not an ancestry."""
_SURE_OF_SIBLING = 0.5
_SURE_BY_NAME = 0.7
_SURE_ALONE = 0.5


def repository_of(image: str) -> str:
    """An image without registry host, tag and digest: ``shop/cart`` of ``ghcr.io/shop/cart:1.2@sha256:...``."""
    path = image.partition("@")[0].strip().lower()
    head, slash, tail = path.rpartition("/")
    path = head + slash + tail.partition(":")[0]
    first, slash, rest = path.partition("/")
    is_host = slash and ("." in first or ":" in first or first == "localhost")
    return rest if is_host else path


def product_of(image: str) -> str:
    """The data store or proxy that an image runs (redis, postgresql, mysql, ...); empty for tools and one's own."""
    name = repository_of(image).rpartition("/")[2]
    if _EXPORTER.search(name) or _BACKUP.search(name):
        return ""
    return _product_word(name)


def image_ancestry(workloads: Iterable[Workload]) -> list[Tie]:
    """Ties that images imply, within a namespace.

    ``sibling_of`` between workloads of one image repository (a web and a worker of one build; source and target in order
    of their keys), ``watches`` from an exporter to the data store of its product, ``targets`` from a backup to the data
    store that it copies. Where names don't tell which store is meant, a tie is made only if there is just one.
    """
    by_namespace: dict[str, list[Workload]] = defaultdict(list)
    for workload in workloads:
        by_namespace[workload.namespace].append(workload)
    found = [
        tie for group in by_namespace.values() for tie in (*_siblings(group), *_attendants(group))
    ]
    return sorted(dict.fromkeys(found))


def _siblings(group: Sequence[Workload]) -> Iterator[Tie]:
    by_repository: dict[str, dict[str, Workload]] = defaultdict(dict)
    for workload in group:
        for image in workload.images[:1]:
            if (repository := repository_of(image)) and _is_own(repository):
                by_repository[repository][workload.key] = workload
    for repository, members in by_repository.items():
        if 2 <= len(members) <= _MOST_SIBLINGS:
            for one, other in combinations(sorted(members.values(), key=lambda w: w.key), 2):
                said = f"{one.name} and {other.name} run the image {repository}"
                yield Tie(one.key, other.key, "sibling_of", said, _SURE_OF_SIBLING)


def _is_own(repository: str) -> bool:
    """Whether a repository is somebody's own build: not a known product, nor one of the official images."""
    name = repository.rpartition("/")[2]
    return (
        "/" in repository
        and not repository.startswith("library/")
        and not _product_word(name)
        and not _EXPORTER.search(name)
        and not _BACKUP.search(name)
    )


def _attendants(group: Sequence[Workload]) -> Iterator[Tie]:
    stores = [(w, p) for w in group if (p := next(filter(None, map(product_of, w.images)), ""))]
    for workload in group:
        own = {p for p in map(product_of, workload.images) if p}
        for image in workload.images:
            name = repository_of(image).rpartition("/")[2]
            kind = (
                "watches" if _EXPORTER.search(name) else "targets" if _BACKUP.search(name) else ""
            )
            if kind and not own:
                yield from _attends(workload, name, kind, stores)


def _attends(
    workload: Workload, image: str, kind: str, stores: Sequence[tuple[Workload, str]]
) -> Iterator[Tie]:
    product = _product_word(image) or next((p for w, p in _BACKUP_OF.items() if w in image), "")
    fitting = [s for s, p in stores if s.key != workload.key and product in ("", p)]
    words = set(_WORD.findall(f"{workload.name} {image}")) - _COMMON
    named = [s for s in fitting if words & (set(_WORD.findall(s.name)) - _COMMON)]
    chosen = named or (fitting if product else [])
    if len(chosen) != 1:
        return
    deed = "exports metrics of" if kind == "watches" else "backs up"
    said = f"{workload.name} runs {image}, which {deed} {product or 'data stores'}, as {chosen[0].name} is"
    yield Tie(workload.key, chosen[0].key, kind, said, _SURE_BY_NAME if named else _SURE_ALONE)


def _product_word(name: str) -> str:
    words = [name, *re.split(r"[-_]", name)]
    return next((p for p, r in _PRODUCTS.items() if any(r.fullmatch(w) for w in words)), "")
