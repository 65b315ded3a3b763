"""Datadog's search language over logs, spans and events, and the endpoints that use it."""
