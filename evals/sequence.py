"""Recurring incidents in a row, as a file names them, and what became of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evals.result import Result
from sandbox.world.scenario import FOLDER, Scenario, ScenarioError, load_scenario

SEQUENCES = Path(__file__).parent / "sequences"
OWN_SCENARIOS = SEQUENCES / "scenarios"
"""Incidents that make sense beside another one only."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Poison(_Part):
    """A pattern with a wrong cause, learnt from the symptoms of an earlier incident."""

    of: int
    mode: str
    entity: str
    said: Literal["wrong", ""] = ""
    """What an engineer said of the finding; empty: nobody has looked at it yet."""


class Incident(_Part):
    """One incident, or a poisoned pattern that is put into the memory before the next one."""

    scenario: str = ""
    kind: Literal["first", "again", "elsewhere", "look-alike", "poisoned"] = Field(
        "first", alias="is"
    )
    of: int = 0
    """The place of the incident that it is like, counted from 1; 0: none."""
    poison: Poison | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Incident:
        if bool(self.scenario) == (self.poison is not None):
            raise ValueError("an incident has a scenario or is a poison")
        return self


class IncidentSequence(_Part):
    """A row of incidents that one bot lives through."""

    name: str
    title: str
    incidents: tuple[Incident, ...]

    @model_validator(mode="after")
    def _of_earlier_ones(self) -> IncidentSequence:
        for place, incident in enumerate(self.incidents, 1):
            of = incident.poison.of if incident.poison else incident.of
            if of >= place or of < 0 or (of and not self.incidents[of - 1].scenario):
                raise ValueError(f"incident {place} is of {of}, which is no earlier incident")
        return self


class Lived(BaseModel):
    """One incident as it was lived through."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    place: int
    incident: Incident
    result: Result
    recalled: bool = False
    """It was concluded as a known incident."""


def names() -> list[str]:
    """The sequences that come along."""
    return sorted(path.stem for path in SEQUENCES.glob("*.yaml"))


def read_sequence(wanted: str) -> IncidentSequence:
    """A sequence by its name or its file.

    Raises:
        ScenarioError: there is none, or it is not right; the sentence says what is wrong.
    """
    path = SEQUENCES / f"{wanted}.yaml" if wanted in names() else Path(wanted)
    try:
        facts: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return IncidentSequence.model_validate({**facts, "name": path.stem})
    except OSError as error:
        raise ScenarioError(
            f"there is no sequence {wanted}; there are {', '.join(names())}"
        ) from error
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise ScenarioError(f"{path.name}: {error}") from error


def scenario_of(name: str) -> tuple[Scenario, Path]:
    """A scenario of a sequence with its folder: one of the sequences' own, else of those that come along.

    Raises:
        ScenarioError: there is none, or it is not right.
    """
    folder = OWN_SCENARIOS if (OWN_SCENARIOS / f"{name}.yaml").exists() else FOLDER
    return load_scenario(name, folder), folder


def compared(lived: Sequence[Lived]) -> Iterator[tuple[Lived, Lived | None]]:
    """Each incident with the one it is like, as a whole investigation: the first of its cause."""
    by_place = {one.place: one for one in lived}
    for one in lived:
        yield one, by_place.get(one.incident.of)
