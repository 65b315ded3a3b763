"""``kill -9`` at any moment: nothing that people see, decide or change is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bot_process import BotProcess, Request, company, eventually
from tests.e2e.killing import Moment, Story
from tests.e2e.people import INCIDENTS


@pytest.fixture
def story(database_url: str, tmp_path: Path) -> Iterator[Story]:
    with company() as served:
        yield Story(
            served, BotProcess(served.url, database_url, tmp_path / "bot.log"), database_url
        )


def nth(number: int, moment: Moment) -> Moment:
    """The nth time that a moment comes."""
    seen = 0

    def look(request: Request) -> bool:
        nonlocal seen
        seen += moment(request)
        return seen >= number and moment(request)

    return look


def posts(request: Request) -> bool:
    return request.path.endswith("/chat.postMessage")


def asks_datadog(request: Request) -> bool:
    return request.path.startswith("/datadog/") and "query" in request.path


def changes(request: Request) -> bool:
    return request.is_change


@pytest.mark.timeout(240)
def test_killed_again_and_again_while_it_investigates(story: Story) -> None:
    story.kill_after(
        ("the summary is posted", posts),
        ("a check is answered", nth(8, asks_datadog)),
        ("the report is posted", nth(2, posts)),
        ("the proposal is posted", posts),
    )
    with story.bot.kept_alive():
        ts = story.to_the_end()
        assert len(story.killed_at) == 4, story.told(ts)
        story.assert_once(ts)


@pytest.mark.timeout(240)
def test_killed_while_it_waits_upon_the_click_and_around_the_change(story: Story) -> None:
    story.bot.start()
    ts = str(story.engineer.alert()["ts"])
    story.engineer.waits_for_button("approve_change", ts)
    story.bot.kill()
    story.bot.start()
    story.click_until_acknowledged(ts)
    story.bot.kill()  # the click was acknowledged: it needs no other
    story.kill_before(("the change is about to be written", changes))
    story.kill_after(
        ("the change is written", changes),
        ("a watched signal is read", asks_datadog),
        ("the outcome is posted", posts),
    )
    with story.bot.kept_alive():
        eventually(lambda: story.count("outcomes"), 90, story.told(ts))
        eventually(story.is_quiet, 60, story.told(ts))
        assert len(story.killed_at) == 4, story.told(ts)
        story.assert_once(ts)


@pytest.mark.timeout(240)
def test_what_happens_while_it_is_down_is_taken_up_once(story: Story) -> None:
    """An alert, a question and its second delivery come while no bot runs; a polite stop loses as little as a kill."""
    slack = story.company.running
    story.bot.start()
    story.bot.kill()
    delivered = _recording(story)
    asked = story.engineer.posts("<@U0SREBOT> who owns checkout in production?", INCIDENTS)
    slack.call(slack.sandbox.workspace.state.delivery.emit, delivered[-1])
    story.bot.start()
    ts = str(story.engineer.alert()["ts"])
    story.engineer.waits_for_button("approve_change", ts)
    story.bot.stop()
    story.bot.start()
    story.approve(ts)
    eventually(lambda: story.count("outcomes"), 60, story.told(ts))
    eventually(story.is_quiet, 60, story.told(ts))
    words = [text for text in story.engineer.said(asked, INCIDENTS) if text]
    assert len(words) == 1, story.told(ts)
    assert story.count("investigations") == 2, "the alert and the question"
    assert not any("failed" in text for text in story.engineer.said(ts)), story.told(ts)
    story.bot.stop()


def _recording(story: Story) -> list[Any]:
    """The events that Slack sends to the app from now on."""
    delivery = story.company.running.sandbox.workspace.state.delivery
    seen: list[Any] = []
    emit = delivery.emit

    def recorded(payload: Any) -> None:
        seen.append(payload)
        emit(payload)

    delivery.emit = recorded  # type: ignore[method-assign]
    return seen


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [20261124])
def test_killed_at_random_moments(story: Story, seed: int) -> None:
    """Anywhere between two requests of a story; a seed gives the same numbers of requests between kills."""
    story.kill_at_random(seed, 5)
    with story.bot.kept_alive():
        ts = story.to_the_end(180)
        story.assert_once(ts)
        assert len(story.killed_at) >= 4, story.told(ts)
