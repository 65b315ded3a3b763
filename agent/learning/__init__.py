"""Patterns, feedback, verdicts and trust."""
