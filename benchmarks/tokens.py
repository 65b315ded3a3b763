"""Prompt tokens of an investigation by a model, and how much of each prompt a prompt cache has read before.

Counted is all that goes over the wire in every call: the tool list, the system prompt and all messages, at four bytes a
token. ``the login case`` is the one that issues promise 20,000 tokens for: 12 logs of 2,000 lines, 150 pods, 60 events
and long describes, through the real tools; its decisive line is put at random places of random logs.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple
from unittest.mock import patch

from agent.awareness.intake import accept
from agent.investigation.loop import Investigator
from agent.model import Budget, Case, Check, Decision, Investigation, Step, Triage
from agent.ports import Reasoner
from agent.reasoning.llm_prompt import conversation
from agent.reasoning.rules import Rules
from agent.store.engine import create_engine
from agent.store.repository import Store
from agent.tools import Registry
from benchmarks.databases import database
from benchmarks.figure import Figure
from benchmarks.login_company import DECISIVE, Placement, registry_of
from benchmarks.login_model import LoginModel, log_checks
from benchmarks.processes import environment
from benchmarks.quiet import NobodyTold
from benchmarks.scripted_model import MODEL, ScriptedModel, tokens
from benchmarks.stories import LOGIN, REDIS, alert
from bot.clock import SystemClock
from bot.runtime import parts, terms_of
from bot.settings import Settings
from bot.terminal import AtOnce, NoInbox
from sandbox.serving import running

PROMISED = 20_000
"""Prompt tokens of the whole login case."""
WHOLE_RUNS, PLACEMENTS = 3, 60


class Run(NamedTuple):
    """One investigation by a scripted model."""

    case: Case
    prompts: list[bytes]
    answered_bytes: int
    """Of the raw answers that its tools got."""
    is_decided: bool = True
    """Whether the decisive line was shown to the model."""


def measure() -> list[Figure]:
    """Figures of the login case, and of both stories as the rules would work them."""
    with database() as url:
        figures = asyncio.run(_login_case(url))
    return figures + [figure for story in (REDIS, LOGIN) for figure in _story(story)]


async def _login_case(url: str) -> list[Figure]:
    store = Store(create_engine(url))
    try:
        runs = [await _login_run(store, seed) for seed in range(WHOLE_RUNS)]
    finally:
        await store.close()
    worst = max(runs, key=lambda run: sum(map(tokens, run.prompts)))
    missed = [seed for seed in range(PLACEMENTS) if not await _reaches(seed)]
    missed += [seed for seed, run in enumerate(runs) if not run.is_decided]
    total, places = sum(map(tokens, worst.prompts)), PLACEMENTS + WHOLE_RUNS
    calls = enumerate(map(tokens, worst.prompts), 1)
    return [
        Figure(f"login case: prompt tokens (most of {WHOLE_RUNS} runs)", total, "tokens", PROMISED),
        *(Figure(f"login case: tokens of call {n}", size, "tokens") for n, size in calls),
        Figure("login case: prompt tokens not read before", fresh_tokens(worst.prompts), "tokens"),
        Figure("login case: checks", len(worst.case.steps), ""),
        Figure("login case: tokens of the raw answers", worst.answered_bytes / 4, "tokens"),
        Figure(f"login case: decisive line not shown, of {places} places", len(missed), "", 0),
    ]


async def _login_run(store: Store, seed: int) -> Run:
    model, registry = LoginModel(), registry_of(Placement(seed))
    case = await _investigated(LOGIN, store, registry, model.reasoner(registry))
    answers = await store.cases.load_steps(case.investigation.id)
    size = sum(len(s.reading.raw) for s in answers if s.reading is not None)
    return Run(case, model.prompts, size, model.saw_it)


async def _reaches(seed: int) -> bool:
    """Whether the decisive line is in what a model is shown of the twelve logs, all asked in one round."""
    now = datetime.now(UTC)
    registry = registry_of(Placement(seed), now)

    async def step(number: int, check: Check) -> Step:
        reading = await registry[check.tool](check.arguments)
        return Step(number=number, round=1, check=check, reading=reading, started_at=now)

    steps = [await step(n, check) for n, check in enumerate(log_checks(), 1)]
    head = Investigation(
        id=1,
        signal=alert(LOGIN),
        triage=Triage(decision=Decision.INVESTIGATE, reason=""),
        budget=Budget(),
        started_at=now,
    )
    case = Case(investigation=head, now=now, steps=tuple(steps))
    return DECISIVE in str(conversation("", case, "", [s.number for s in steps]))


def _story(story: str) -> list[Figure]:
    with (
        database() as url,
        running(story, posts_alerts=False) as company,
        patch.dict(os.environ, environment(company.url)),
    ):
        case, prompts = asyncio.run(_told(story, url))
    bound = case.investigation.budget.tokens
    return [
        Figure(f"{story}: prompt tokens", sum(map(tokens, prompts)), "tokens", bound),
        Figure(f"{story}: prompt tokens not read before", fresh_tokens(prompts), "tokens"),
        Figure(f"{story}: longest prompt", max(map(tokens, prompts)), "tokens"),
        Figure(f"{story}: share of prompts read before", repeated_share(prompts), ""),
        Figure(f"{story}: calls of the model", len(prompts), ""),
        Figure(f"{story}: checks", len(case.steps), ""),
    ]


async def _told(story: str, url: str) -> tuple[Case, list[bytes]]:
    async with parts(Settings(), url) as made:
        await made.scan()
        model = ScriptedModel(made.registry)
        return await _investigated(story, made.store, made.registry, model), model.prompts


async def _investigated(story: str, store: Store, registry: Registry, reasoner: Reasoner) -> Case:
    clock = SystemClock()
    investigator = Investigator(
        registry,
        reasoner,
        Rules(),
        store.cases,
        store.memory,
        NobodyTold(),
        clock,
        patience_seconds=0.1,
    )
    accepted = await accept(store, alert(story), clock, terms_of(Settings()).bounds)
    if accepted.investigation is None:
        raise RuntimeError(f"the alert of {story} is not investigated: {accepted.triage}")
    case = (await investigator.run(accepted.investigation, AtOnce(), NoInbox())).case
    if case.finding is None or case.finding.reasoner != MODEL:
        raise RuntimeError(f"the model did not carry {story} through")
    return case


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
