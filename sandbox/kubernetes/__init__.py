"""Kubernetes' REST API over an object store with history."""
