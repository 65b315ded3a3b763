"""Where changes happen, and how a policy says which places it means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from agent.model import Value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Globs = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
"""Names with ``*``, ``?`` and ``[..]``; one may be written without a list."""
_WILD = frozenset("*?[")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a change would happen, as the graph knows it; never as an alert or a model says it."""

    environment: str = ""
    namespace: str = ""
    cluster: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    """Of the target."""
    name: str = ""
    """Of the target."""

    @property
    def called(self) -> str:
        """What people call it where the policy has no name for it; empty: nothing is known of it, as of a node."""
        return self.environment or self.namespace


class Where(Value):
    """Places: all that is written has to hold; of a list of names any one does."""

    environment: Globs = Field((), description="Environments as the graph knows them")
    cluster: Globs = Field((), description="Clusters")
    namespace: Globs = Field((), description="Namespaces")
    name: Globs = Field((), description="Names of the target")
    labels: dict[str, str] = Field(
        default_factory=dict, description="Labels of the target, each with a glob for its value"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Where:
        if not (any(self._named().values()) or self.labels):
            raise ValueError("a place needs an environment, cluster, namespace, name or labels")
        return self

    def matches(self, place: Place) -> bool:
        """Whether a place is meant."""
        return all(
            _any(globs, getattr(place, which)) for which, globs in self._named().items() if globs
        ) and all(fnmatchcase(place.labels.get(k, ""), v) for k, v in self._labels())

    def covers(self, other: Where) -> bool:
        """Whether every place that ``other`` means is meant here too; False also when that can't be told."""
        theirs = other._named()
        return all(
            bool(theirs[which]) and all(_within(g, globs) for g in theirs[which])
            for which, globs in self._named().items()
            if globs
        ) and all(k in other.labels and _within(other.labels[k], (v,)) for k, v in self._labels())

    def _named(self) -> dict[str, tuple[str, ...]]:
        return {
            "environment": self.environment,
            "cluster": self.cluster,
            "namespace": self.namespace,
            "name": self.name,
        }

    def _labels(self) -> Iterable[tuple[str, str]]:
        return self.labels.items()


def _any(globs: tuple[str, ...], name: str) -> bool:
    return any(fnmatchcase(name, g) for g in globs)


def _within(narrow: str, wide: tuple[str, ...]) -> bool:
    """Whether all that one glob means is meant by one of the others."""
    if not _WILD & set(narrow):
        return _any(wide, narrow)
    return any(w in ("*", narrow) or _is_beginning_of(w, narrow) for w in wide)


def _is_beginning_of(wide: str, narrow: str) -> bool:
    beginning = wide[:-1]
    return wide.endswith("*") and not _WILD & set(beginning) and narrow.startswith(beginning)
