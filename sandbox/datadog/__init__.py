"""Datadog's API, v1 and v2, over the simulated world."""
