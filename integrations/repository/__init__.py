"""Infrastructure code, runbooks and architecture notes in Git repositories and folders, as part of the graph.

Repositories are read, never executed: files come from Git's objects or from a folder without following links, YAML and HCL
go through bounded, safe parsers, and only ``helm template`` runs, where there is a ``helm``.
"""
