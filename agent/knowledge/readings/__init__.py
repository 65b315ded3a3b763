"""Facts of the graph as readings: compact text for people and models, data for code, the facts as stored as evidence."""

from agent.knowledge.readings.changes import changes
from agent.knowledge.readings.entity import entity
from agent.knowledge.readings.owner import owner
from agent.knowledge.readings.radius import radius
from agent.knowledge.readings.ties import path, why

__all__ = ["changes", "entity", "owner", "path", "radius", "why"]
