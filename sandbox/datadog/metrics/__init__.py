"""Datadog's metrics: their query language, its evaluation, and the catalogue of names and tags."""
