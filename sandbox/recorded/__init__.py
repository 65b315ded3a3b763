"""Recorded cases: a folder of what was seen of a real incident, served by the same APIs; ``docs/replay.md`` has its form."""
