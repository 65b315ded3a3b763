"""What of the vendors' APIs does not answer in a scenario, and whose logs do not reach them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sandbox.world.parts import Duration, Part

Vendor = Literal["datadog", "pagerduty", "kubernetes"]


class Outage(Part):
    """A vendor refuses requests for as long as the sandbox runs, in its own words."""

    vendor: Vendor
    status: int = Field(default=503, ge=400, le=599)
    what: tuple[str, ...] = ()
    """Of Datadog and PagerDuty the beginnings of paths, such as ``/api/v2/logs``; everything when empty. Of Kubernetes the
    resources that the role may not see, such as ``configmaps`` or ``pods/log``; always with 403."""


class LogGap(Part):
    """The vendor's agent has not shipped a service's logs since then; the containers write on."""

    service: str
    namespace: str = "production"
    ago: Duration
