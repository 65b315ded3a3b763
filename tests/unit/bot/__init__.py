"""Unit tests of the bot."""
