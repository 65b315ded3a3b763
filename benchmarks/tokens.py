"""Prompt tokens of an investigation by a model, and how much of each prompt a prompt cache has read before."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from itertools import pairwise
from unittest.mock import patch

from agent.awareness.intake import accept
from agent.investigation.loop import Investigator
from agent.model import Case
from agent.reasoning.rules import Rules
from benchmarks.databases import database
from benchmarks.figure import Figure
from benchmarks.processes import environment
from benchmarks.quiet import NobodyTold
from benchmarks.scripted_model import MODEL, ScriptedModel, tokens
from benchmarks.stories import LOGIN, REDIS, alert
from bot.clock import SystemClock
from bot.runtime import parts, terms_of
from bot.settings import Settings
from bot.terminal import AtOnce, NoInbox
from sandbox.serving import running


def measure() -> list[Figure]:
    """Figures of both stories."""
    return [figure for story in (REDIS, LOGIN) for figure in _story(story)]


def _story(story: str) -> list[Figure]:
    with (
        database() as url,
        running(story, posts_alerts=False) as company,
        patch.dict(os.environ, environment(company.url)),
    ):
        case, prompts = asyncio.run(_investigated(story, url))
    if case.finding is None or case.finding.reasoner != MODEL:
        raise RuntimeError(f"the model did not carry {story} through")
    bound = case.investigation.budget.tokens
    return [
        Figure(f"{story}: prompt tokens", sum(map(tokens, prompts)), "tokens", bound),
        Figure(f"{story}: prompt tokens not read before", fresh_tokens(prompts), "tokens"),
        Figure(f"{story}: longest prompt", max(map(tokens, prompts)), "tokens"),
        Figure(f"{story}: share of prompts read before", repeated_share(prompts), ""),
        Figure(f"{story}: calls of the model", len(prompts), ""),
        Figure(f"{story}: checks", len(case.steps), ""),
    ]


async def _investigated(story: str, url: str) -> tuple[Case, list[bytes]]:
    settings = Settings()
    async with parts(settings, url) as made:
        await made.scan()
        model, clock = ScriptedModel(made.registry), SystemClock()
        investigator = Investigator(
            made.registry,
            model,
            Rules(),
            made.store.cases,
            made.store.memory,
            NobodyTold(),
            clock,
            patience_seconds=0.1,
        )
        accepted = await accept(made.store, alert(story), clock, terms_of(settings).bounds)
        if accepted.investigation is None:
            raise RuntimeError(f"the alert of {story} is not investigated: {accepted.triage}")
        found = await investigator.run(accepted.investigation, AtOnce(), NoInbox())
        return found.case, model.prompts


def common_prefix(one: bytes, other: bytes) -> int:
    """How many bytes two prompts have in common from their start."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def repeated_share(prompts: Sequence[bytes]) -> float:
    """The share (0..1) of all prompts' bytes that repeat the start of the prompt before."""
    repeated = sum(common_prefix(before, prompt) for before, prompt in pairwise(prompts))
    return repeated / sum(map(len, prompts))


def fresh_tokens(prompts: Sequence[bytes]) -> int:
    """The tokens that a prompt cache of the last prompt does not hold."""
    return round(sum(map(tokens, prompts)) * (1 - repeated_share(prompts)))
