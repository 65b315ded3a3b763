"""Implied dependencies: what settings, images and schedules say about who needs whom.

Pure functions from plain values to plain values. Passwords and user names are never kept: an ``Endpoint`` holds only where
a connection goes, and every sentence of evidence is made from endpoints and names, never from a setting's raw value.
"""

from agent.knowledge.inference.addresses import endpoints_in
from agent.knowledge.inference.endpoint import DEFAULT_PORTS, Endpoint
from agent.knowledge.inference.images import image_ancestry, product_of
from agent.knowledge.inference.schedules import Coincidence, Cron, co_scheduled
from agent.knowledge.inference.sharing import Shared, shared_variables
from agent.knowledge.inference.workload import Tie, Workload

__all__ = [
    "DEFAULT_PORTS",
    "Coincidence",
    "Cron",
    "Endpoint",
    "Shared",
    "Tie",
    "Workload",
    "co_scheduled",
    "endpoints_in",
    "image_ancestry",
    "product_of",
    "shared_variables",
]
