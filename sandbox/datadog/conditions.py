"""Boolean conditions on things, shared by the metric scopes and the search language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Thing = TypeVar("Thing", contravariant=True)
Item = TypeVar("Item")


class Condition(Protocol[Thing]):
    """Something that an item meets or does not."""

    def matches(self, item: Thing, /) -> bool:
        """Whether ``item`` meets this condition."""


@dataclass(frozen=True)
class AllOf(Generic[Item]):
    """Every one of ``conditions`` must hold; the empty one always does."""

    conditions: tuple[Condition[Item], ...] = ()

    def matches(self, item: Item, /) -> bool:
        """Whether every condition holds for ``item``."""
        return all(condition.matches(item) for condition in self.conditions)


@dataclass(frozen=True)
class AnyOf(Generic[Item]):
    """At least one of ``conditions`` must hold."""

    conditions: tuple[Condition[Item], ...]

    def matches(self, item: Item, /) -> bool:
        """Whether at least one condition holds for ``item``."""
        return any(condition.matches(item) for condition in self.conditions)


@dataclass(frozen=True)
class Not(Generic[Item]):
    """``condition`` must not hold."""

    condition: Condition[Item]

    def matches(self, item: Item, /) -> bool:
        """Whether the condition does not hold for ``item``."""
        return not self.condition.matches(item)


def conjuncts(condition: Condition[Item]) -> Iterator[Condition[Item]]:
    """The conditions that must all hold, with nested conjunctions flattened."""
    if isinstance(condition, AllOf):
        for part in condition.conditions:
            yield from conjuncts(part)
    else:
        yield condition


def joined(
    parts: list[Condition[Item]],
    join: Callable[[tuple[Condition[Item], ...]], Condition[Item]],
) -> Condition[Item]:
    """The only part, or all of them joined."""
    return parts[0] if len(parts) == 1 else join(tuple(parts))
