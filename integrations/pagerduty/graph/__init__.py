"""What PagerDuty knows of the company: services and what they stand on, teams, who is called in which order, changes."""

from integrations.pagerduty.graph.builder import PagerDutyGraph

__all__ = ["PagerDutyGraph"]
