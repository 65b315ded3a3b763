"""Signals, correlation and triage."""
