"""Tests, which read as specifications."""
