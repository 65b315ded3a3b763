"""``python -m benchmarks.scripted_serve``: ``srebot serve`` with the scripted model in the place of a real one.

It thinks as the rules do and is given to read what a model would be given, so that tokens can be compared without one.
"""

from __future__ import annotations

from agent.investigation.loop import RulesReasoner
from agent.ports import ModelLog, Reasoner
from agent.tools import Registry
from benchmarks.scripted_model import ScriptedModel
from bot import runtime
from bot.cli import app
from bot.settings import Settings


def _scripted(
    _settings: Settings, registry: Registry, _rules: RulesReasoner, _log: ModelLog | None = None
) -> Reasoner:
    return ScriptedModel(registry)


if __name__ == "__main__":
    setattr(runtime, "reasoner_of", _scripted)  # noqa: B010 (one name of a module, replaced)
    app(["serve"])
