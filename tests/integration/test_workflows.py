"""The durable workflow on a real DBOS: steps, mail, and failures that pass."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from dbos import DBOS, SetWorkflowID
from dbos import error as dbos_error

from agent import workflow
from agent.errors import AccessDenied, Drifted, Refused, Unreachable
from agent.model import Note
from agent.store.engine import create_engine, normalise, session_factory
from agent.store.mail import Post
from agent.workflow import DbosWorkflow, Mail, MailKind, PeopleInbox, may_pass, name_of
from tests.integration.fake_house import ENGINEER, NOW

TRIES: list[int] = []


@DBOS.workflow()
async def listens(seconds: float) -> list[str]:
    flow = DbosWorkflow()
    mail = await flow.receive(seconds)
    return [mail.kind.value if mail else "nothing"]


@DBOS.workflow()
async def takes_all() -> dict[str, Any]:
    await DBOS.recv_async("go", 10)
    inbox = PeopleInbox(DbosWorkflow())
    taken, rest = await inbox.take(), await inbox.take()
    assert not rest.notes
    return {"notes": [n.text for n in taken.notes], "stop": taken.stop}


POST: list[Post] = []


@DBOS.workflow()
async def takes_after_each_step() -> list[str]:
    flow = DbosWorkflow(POST[0])
    inbox, said = PeopleInbox(flow), []
    for name in ("first", "second", "third"):
        await flow.step(name, nothing)
        said += [n.text for n in (await inbox.take()).notes]
        if name == "first":
            await DBOS.recv_async("go", 10)
    return said


async def nothing() -> None:
    pass


@DBOS.workflow()
async def tells(destination: str, key: str) -> None:
    mail = Mail(kind=MailKind.STOP, user=ENGINEER)
    await DbosWorkflow().send(destination, mail, key)


@DBOS.workflow()
async def fails(failures: int, lasting: bool) -> int:
    async def work() -> int:
        TRIES.append(1)
        if len(TRIES) <= failures:
            raise ValueError("a defect") if lasting else OSError("Slack is away")
        return len(TRIES)

    return await DbosWorkflow().step("work", work)


@pytest.fixture
async def engine_of_workflows(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    monkeypatch.setattr(workflow, "_FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(workflow, "_SEND_WAIT_SECONDS", 0.1)
    TRIES.clear()
    url = normalise(database_url).render_as_string(hide_password=False)
    DBOS(
        config={
            "name": "srebot-tests",
            "system_database_url": url,
            "notification_listener_polling_interval_sec": 0.05,
            "log_level": "ERROR",
        }
    )
    DBOS.launch()
    yield
    DBOS.destroy()


async def started(identity: str, work: Any, *arguments: Any) -> Any:
    with SetWorkflowID(identity):
        return await DBOS.start_workflow_async(work, *arguments)


@pytest.mark.usefixtures("engine_of_workflows")
async def test_mail_to_a_workflow_that_is_about_to_start_arrives() -> None:
    telling = await started("teller", tells, "listener", "click-1")
    listening = await started("listener", listens, 10.0)
    assert await listening.get_result() == ["stop"]
    await telling.get_result()


@pytest.mark.usefixtures("engine_of_workflows")
async def test_mail_to_what_has_ended_harms_nobody() -> None:
    assert await (await started("over", listens, 0.0)).get_result() == ["nothing"]
    await (await started("late", tells, "over", "click-2")).get_result()


@pytest.mark.usefixtures("engine_of_workflows")
async def test_mail_to_nobody_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "_SEND_ATTEMPTS", 2)
    await (await started("lonely", tells, "nobody", "click-3")).get_result()


@pytest.mark.usefixtures("engine_of_workflows")
async def test_an_inbox_gives_all_that_came_in_its_order_and_each_key_once() -> None:
    taking = await started("taker", takes_all)
    for key, text in (
        ("n1", "look at the cache"),
        ("n1", "look at the cache"),
        ("n2", "and Redis"),
    ):
        note = Note(user="U1", text=text, at=NOW)
        await sent(Mail(kind=MailKind.NOTE, user="U1", note=note), key)
    await sent(Mail(kind=MailKind.STOP, user="U1"), "s1")
    await DBOS.send_async("taker", "now", "go")
    assert await taking.get_result() == {"notes": ["look at the cache", "and Redis"], "stop": True}


@pytest.mark.usefixtures("engine_of_workflows")
async def test_with_a_mailbox_only_mail_that_waits_is_received_and_a_restart_does_the_same(
    database_url: str,
) -> None:
    engine = create_engine(database_url)
    POST[:] = [Post(session_factory(engine))]
    taking = await started("taker", takes_after_each_step)
    while "first" not in await functions_of("taker"):
        await asyncio.sleep(0.02)
    note = Note(user="U1", text="look at the cache", at=NOW)
    await sent(Mail(kind=MailKind.NOTE, user="U1", note=note), "n1")
    await DBOS.send_async("taker", "now", "go")
    assert await taking.get_result() == ["look at the cache"]
    done = await functions_of("taker")
    assert done.count("DBOS.recv") == 3  # "go", the note, and that there is no other
    again = await DBOS.fork_workflow_async("taker", len(done) + 1)
    assert await again.get_result() == ["look at the cache"]
    await engine.dispose()


async def functions_of(identity: str) -> list[str]:
    return [s["function_name"] for s in await DBOS.list_workflow_steps_async(identity)]


async def sent(mail: Mail, key: str) -> None:
    data = mail.model_dump(mode="json")
    await DBOS.send_async("taker", data, workflow.PEOPLE, idempotency_key=key)


@pytest.mark.usefixtures("engine_of_workflows")
async def test_what_may_pass_is_tried_again_and_a_defect_is_not() -> None:
    assert await (await started("passing", fails, 2, False)).get_result() == 3
    TRIES.clear()
    with pytest.raises(ValueError, match="a defect"):
        await (await started("lasting", fails, 99, True)).get_result()
    assert len(TRIES) == 1


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (OSError("reset"), True),
        (TimeoutError(), True),
        (Unreachable("503"), True),
        (AccessDenied("403"), False),
        (Refused("quota"), False),
        (Drifted("changed"), False),
        (KeyError("defect"), False),
    ],
)
def test_only_what_may_pass_deserves_another_try(error: Exception, passing: bool) -> None:
    assert may_pass(error) is passing


def test_a_failure_after_many_tries_is_named_by_the_last_of_them() -> None:
    tried = dbos_error.DBOSMaxStepRetriesExceeded("work", 2, [OSError("one"), TimeoutError("two")])
    assert name_of(tried) == "TimeoutError"
    assert name_of(KeyError("x")) == "KeyError"
