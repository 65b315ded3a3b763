"""Scenario files; ``sandbox.world.scenario`` has their schema."""
