"""Whole stories whose bot is killed with ``kill -9`` at random moments: nothing may be lost, nothing said or done twice.

A story is the Redis night: an alert, the investigation, a proposal, the engineer's approval, the change, its outcome. The
engineer and a supervisor that starts the bot again are all that goes on as usual. What has to hold at the end is in
``tests.e2e.killing``: each message and each write once, one decision, no workflow left over, an unbroken audit log, and a
journal from which the investigation can be played again byte for byte.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import monotonic

from benchmarks.figure import Figure
from tests import postgres
from tests.e2e.bot_process import BotProcess, company
from tests.e2e.killing import Story

WANTED = int(os.environ.get("KILLS", "200"))
"""Kills over all stories."""
OF_A_STORY = 8
_APART_REQUESTS = 250
"""So many requests lie between two kills at most; each start makes about a hundred for its first scan alone."""
_PATIENCE_SECONDS = 300.0
"""For each part of a story: eight starts take a while."""


def measure() -> list[Figure]:
    """How many stories were whole at their end."""
    kills, seconds, broken, places = 0, [], [], set[str]()
    with postgres.server() as server:
        seed = 0
        while kills < WANTED:
            seed += 1
            began = monotonic()
            killed_at, wrong = _played(server, seed)
            kills += len(killed_at)
            places.update(killed_at)
            seconds.append(monotonic() - began)
            if wrong:
                broken.append(seed)
                sys.stderr.write(f"seed {seed}, killed after {killed_at}:\n{wrong}\n")
            sys.stderr.write(f"{kills} of {WANTED} kills, {len(broken)} of {seed} stories broken\n")
    return [
        Figure("kills", kills, ""),
        Figure("different requests upon which it was killed", len(places), ""),
        Figure("stories", seed, ""),
        Figure("stories with something lost, doubled or left over", len(broken), "", 0),
        Figure("a story with its kills and restarts, median", median(seconds), "s"),
    ]


def _played(server: str, seed: int) -> tuple[list[str], str]:
    """Play one story; returns where it was killed, and what did not hold (empty: all did)."""
    with (
        postgres.fresh_database(server) as database_url,
        tempfile.TemporaryDirectory(prefix="srebot-kills-") as folder,
        company() as served,
    ):
        bot = BotProcess(served.url, database_url, Path(folder) / "bot.log")
        story = Story(served, bot, database_url)
        story.kill_at_random(seed, OF_A_STORY, first=_APART_REQUESTS // 2, apart=_APART_REQUESTS)
        try:
            with bot.kept_alive():
                story.assert_once(story.to_the_end(_PATIENCE_SECONDS))
        except AssertionError as error:
            return story.killed_at, str(error) or "an assertion without words"
        finally:
            bot.stop()
        return story.killed_at, ""
