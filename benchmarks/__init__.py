"""Measures what DESIGN.md section 6 promises: ``python -m benchmarks [name ...]``."""
