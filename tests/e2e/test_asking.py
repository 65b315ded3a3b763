"""The company's engineers ask srebot about their systems, see pictures of them, and correct what it believes.

One bot, one company in which nothing is on fire; everything goes over Slack's wire.
"""

from __future__ import annotations

import re
import struct
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from agent.model import Case
from bot.demo_person import plain
from tests.e2e.bot_process import eventually
from tests.e2e.people import ALERTS, BOT, ENGINEER, OUTSIDER, Json, Person, spoken
from tests.e2e.scene import Scene, scene

pytestmark = pytest.mark.timeout(180)
CITED = re.compile(r"\[(\d+)\]")
GUEST = "U0OUTSIDER"


@pytest.fixture(scope="module")
def calm(postgres_server: str) -> Iterator[Scene]:
    """A company without an alert, with one guest among its people."""
    with scene(postgres_server, "redis-memory-pressure", posts_alerts=False) as stage:
        slack = stage.company.running.sandbox.workspace
        slack.state.directory.user(GUEST)["is_restricted"] = True
        yield stage


def mentions(person: Person, text: str, thread: str = "") -> str:
    """Say something to srebot in the alert channel; returns the thread."""
    ts = person.posts(f"<@{BOT}> {text}", thread=thread)
    return thread or ts


def picture_in(person: Person, ts: str, channel: str = ALERTS) -> Json:
    """The picture that srebot put into a thread, once it is there."""

    def look() -> Json | None:
        files = [f for m in spoken(person.thread(ts, channel)) for f in m.get("files") or ()]
        return files[-1] if files else None

    return eventually(look, 60, f"no picture came: {person.said(ts, channel)}") or {}


def case_of(stage: Scene, ts: str, channel: str = ALERTS) -> Case:
    found = stage.case_of(ts, channel)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("question", "words", "title"),
    [
        (
            "what depends on redis-reco?",
            ["cart", "recommendation", "session"],
            "depends on redis-reco",
        ),
        (
            "who owns checkout and who is on call?",
            ["checkout belongs to team payments, tier 1", "On call is Diego Santos"],
            "checkout",
        ),
        ("what changed around auth in the last 3 days?", ["around auth"], "changed around auth"),
        (
            "what would break if auth-db went away?",
            ["If auth-db went away", "auth", "Customers would notice it in", "Login"],
            "depends on auth-db",
        ),
        (
            "why do you think cart uses redis?",
            ["I think that cart uses redis-reco", "first seen"],
            "cart",
        ),
    ],
)
def test_the_five_questions_by_mention_with_citations_and_a_picture(
    calm: Scene, question: str, words: list[str], title: str
) -> None:
    engineer = calm.person(ENGINEER)
    ts = mentions(engineer, question)
    answer = plain(engineer.waits_for(words[0], ts))
    assert all(w in answer for w in words), answer
    case = case_of(calm, ts)
    numbers = {int(n) for n in CITED.findall(answer)}
    assert numbers
    for number in numbers:
        assert calm.evidence_page(case, number)[0] == 200
    picture = picture_in(engineer, ts)
    assert title in picture["title"]
    assert "→" in picture["alt_txt"]
    png = calm.company.running.call(calm.company.running.sandbox.workspace.file, picture["id"])[0]
    width, height = struct.unpack(">II", png[16:24])
    assert png.startswith(b"\x89PNG")
    assert width == 1080
    assert height > 300


def test_what_a_citation_opens_is_the_stored_facts_byte_by_byte(calm: Scene) -> None:
    engineer = calm.person(ENGINEER)
    ts = mentions(engineer, "why do you think cart uses redis-reco?")
    engineer.waits_for("I think that cart uses redis-reco", ts)
    case = case_of(calm, ts)
    status, page = calm.evidence_page(case, 1)
    assert status == 200
    assert "relations between production/service/cart and production/service/redis-reco" in page
    raw = calm.page(f"/investigations/{case.investigation.id}/evidence/1?raw=1")[1]
    assert '"origin": "datadog"' in raw
    assert '"last_confirmed"' in raw


def test_a_question_by_direct_message_is_answered_and_drawn_there(calm: Scene) -> None:
    engineer = calm.person(ENGINEER)
    ts = engineer.posts("what depends on auth-db?", engineer.direct)
    answer = plain(engineer.waits_for("directly on auth-db", ts, engineer.direct))
    assert "auth" in answer.split("depend")[0]
    assert "auth → auth-db" in picture_in(engineer, ts, engineer.direct)["alt_txt"]


def test_the_page_shows_the_picture_with_its_words(calm: Scene) -> None:
    engineer = calm.person(ENGINEER)
    ts = mentions(engineer, "how are gateway and auth-db connected?")
    engineer.waits_for("gateway uses auth", ts)
    picture = picture_in(engineer, ts)
    url = f"{calm.company.url}/page/file/{picture['id']}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.read().startswith(b"\x89PNG")


def test_an_unknown_name_is_answered_with_candidates_and_no_picture(calm: Scene) -> None:
    engineer = calm.person(ENGINEER)
    ts = mentions(engineer, "what depends on redis-rec?")
    assert "Did you mean redis-reco" in plain(engineer.waits_for("I know nothing called", ts))
    assert not [f for m in engineer.thread(ts) for f in m.get("files") or ()]


def ask(person: Person, question: str, words: str) -> str:
    """What is answered to a question asked anew."""
    ts = mentions(person, question)
    return plain(person.waits_for(words, ts))


def test_a_correction_in_the_thread_of_an_answer_changes_the_next_answers(calm: Scene) -> None:
    engineer = calm.person(ENGINEER)
    ts = mentions(engineer, "what depends on rabbitmq?")
    assert "cart" in plain(engineer.waits_for("directly on rabbitmq", ts))
    engineer.posts("cart no longer uses rabbitmq", thread=ts)
    told = plain(engineer.waits_for("Noted, by your word: cart no longer uses rabbitmq", ts))
    assert "Before, I believed that cart uses rabbitmq" in told
    assert "To take it back, say: cart uses rabbitmq" in told
    after = ask(engineer, "what depends on rabbitmq?", "directly on rabbitmq")
    assert "cart" not in after.split(" directly on rabbitmq")[0]
    assert "Not counted: cart → rabbitmq" in after
    why = ask(engineer, "why do you think cart uses rabbitmq?", "I do not think any more")
    assert "I do not think any more that cart uses rabbitmq" in why
    assert "• An engineer: says that it is not so" in why
    (entry,) = calm.audit("correction")
    assert entry.actor == ENGINEER
    assert "/archives/" in entry.details["evidence"]
    mentions(engineer, "cart uses rabbitmq", ts)
    engineer.waits_for("Noted, by your word: cart uses rabbitmq", ts)
    assert "cart" in ask(engineer, "who uses rabbitmq?", "directly on rabbitmq").split(" depend")[0]


def test_a_correction_by_direct_message_with_an_unknown_name_changes_nothing(calm: Scene) -> None:
    engineer = calm.person(ENGINEER)
    before = len(calm.audit("correction"))
    ts = engineer.posts("cart no longer uses redis-rec0", engineer.direct)
    told = plain(engineer.waits_for("I know nothing called", ts, engineer.direct))
    assert "Did you mean redis-reco" in told
    assert told.endswith("Nothing was changed.")
    assert len(calm.audit("correction")) == before


@pytest.mark.parametrize("addressed", [True, False])
def test_a_guest_may_ask_but_not_correct(calm: Scene, addressed: bool) -> None:
    guest = calm.person(OUTSIDER)
    ts = mentions(guest, "what does search depend on?")
    guest.waits_for("search depends on", ts)
    before = len(calm.audit("correction"))
    text = "search no longer uses catalog"
    guest.posts(f"<@{BOT}> {text}" if addressed else text, thread=ts)
    eventually(lambda: guest.whispers(ts), 60, "nobody told the guest")
    assert "Only full members of this workspace can correct" in guest.whispers(ts)[-1]
    assert len(calm.audit("correction")) == before
    again = ask(guest, "what does search depend on?", "search depends on")
    assert "catalog" in again


def test_talk_in_a_thread_corrects_nothing(calm: Scene) -> None:
    engineer = calm.person(ENGINEER)
    ts = mentions(engineer, "who owns search?")
    engineer.waits_for("search belongs to team discovery", ts)
    picture_in(engineer, ts)
    said: list[Any] = engineer.said(ts)
    for text in ("search is not working", "search uses too much memory", "maybe cart uses search"):
        engineer.posts(text, thread=ts)
    ask(engineer, "who owns auth?", "auth belongs to team identity")
    assert engineer.said(ts) == said
