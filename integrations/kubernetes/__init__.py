"""Kubernetes: client, read tools, graph builder and fixes."""
