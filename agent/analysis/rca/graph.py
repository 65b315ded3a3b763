"""The call graph of a case, and which of its nodes are components at all."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

_ADDRESS = re.compile(
    r"(\d{1,3}(\.\d{1,3}){3}|([a-z0-9-]+\.)+[a-z]{2,})(:\d+)?(_remote)?|.*_(remote|client)", re.I
)
"""An IP address or a bare host name; X-Ray's inferred nodes of type ``remote`` and ``client``."""


class Graph:
    """Who calls whom."""

    def __init__(self, calls: Iterable[tuple[str, str]]) -> None:
        self.callees: dict[str, set[str]] = defaultdict(set)
        self.callers: dict[str, set[str]] = defaultdict(set)
        for caller, callee in calls:
            if caller != callee:
                self.callees[caller].add(callee)
                self.callers[callee].add(caller)

    def above(self, entity: str) -> set[str]:
        """Direct callers; empty for an entry."""
        return self.callers.get(entity, set())

    def below(self, entity: str) -> set[str]:
        """Direct callees; empty for a leaf."""
        return self.callees.get(entity, set())


def is_endpoint(entity: str) -> bool:
    """Whether the name is an address, seen from its callers only: the component behind it has, or lacks, a node of its own."""
    return _ADDRESS.fullmatch(entity) is not None
