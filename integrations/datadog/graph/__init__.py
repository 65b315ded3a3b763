"""What Datadog knows of the company: definitions, owners, calls seen in traces, monitors, hosts, use against limits."""

from integrations.datadog.graph.builder import DatadogGraph

__all__ = ["DatadogGraph"]
