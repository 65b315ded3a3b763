"""A night at a company: a fake workspace with every kind of content the page can draw."""

from __future__ import annotations

from typing import Any

from sandbox.slack.ports import Json
from tests.unit.sandbox.page.fake_workspace import (
    ALERTS,
    BOT,
    DM,
    ENGINEER,
    LEAD,
    OUTSIDER,
    FakeWorkspace,
)

CHART = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 180" width="560" height="180">
<rect width="560" height="180" fill="#fff"/><path d="M40 20v130h500M40 85h500M40 50h500" stroke="#ddd" fill="none"/>
<path d="M40 140 120 136 200 128 280 112 360 92 440 66 530 30" stroke="#16a085" stroke-width="3" fill="none"/>
<path d="M40 40h500" stroke="#e01e5a" stroke-dasharray="6 4"/>
<text x="48" y="34" font-family="sans-serif" font-size="12" fill="#e01e5a">limit 2.0 GiB</text></svg>"""


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": True}


def section(text: str, **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(text: str, action_id: str, **more: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": action_id, "value": "p1", **more}


def rich(text: str, **style: bool) -> Json:
    element = {"type": "text", "text": text, "style": style}
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [element]}],
    }


def task(title: str, status: str, output: str = "", *sources: str) -> Json:
    card: Json = {"task_id": title, "title": title, "status": status}
    if output:
        card["output"] = rich(output)
    if sources:
        card["sources"] = [{"type": "url", "url": "http://127.0.0.1/e", "text": s} for s in sources]
    return card


PLAN: Json = {
    "type": "plan",
    "title": "Three explanations, tested at once",
    "tasks": [
        task("Memory pressure in redis-shared", "complete",
             "used 1.87 of 2.00 GiB, fragmentation 1.9, evictions from 02:10", "redis.mem.used", "events"),
        task("The 02:00 backup CronJob competes for memory", "complete", "fork doubled RSS twice", "redis-backup"),
        task("A rollout of cart-service", "error", "ruled out: the last rollout was 3 days ago"),
        task("Connection pools of the dependants", "in_progress"),
        task("Morning traffic against the limit", "pending"),
    ],
}  # fmt: skip

TABLE: Json = {
    "type": "table",
    "column_settings": [{"is_wrapped": True}, {"align": "right"}, {"align": "right"}],
    "rows": [
        [{"type": "raw_text", "text": text} for text in row]
        for row in (
            ("Dependant", "Pool in use", "Errors/min"),
            ("cart-service", "41 / 50", "3.2"),
            ("session-service", "28 / 30", "0.9"),
            ("recommendation", "17 / 40", "0.1"),
        )
    ],
}


def proposal() -> list[Json]:
    confirm = {
        "title": plain("Apply this change?"),
        "text": mrkdwn("It raises the memory limit of redis-shared in production."),
        "confirm": plain("Apply"),
        "deny": plain("Not yet"),
    }
    return [
        {"type": "header", "text": plain("Proposed change: give redis-shared 4 GiB")},
        section(
            "*Why* evictions began at 02:10 and grow with the backup fork [1][2]\n"
            "*Risk* low; one rolling restart of one replica\n"
            "```\n   resources:\n     limits:\n-      memory: 2Gi\n+      memory: 4Gi\n```"
        ),
        {
            "type": "actions",
            "block_id": "decide",
            "elements": [
                button("Approve", "approve", style="primary", confirm=confirm),
                button("Reject", "reject", style="danger"),
                button("Evidence", "evidence", url="http://127.0.0.1/evidence"),
                {
                    "type": "overflow",
                    "action_id": "more",
                    "options": [
                        {"text": plain("Raise the budget"), "value": "budget"},
                        {"text": plain("Hand over to me"), "value": "take"},
                    ],
                },
            ],
        },
        {"type": "context", "elements": [mrkdwn(":lock: needs <!subteam^S1|@platform-leads> · expires <!date^1900000000^{date_short_pretty} {time}|later>")]},
    ]  # fmt: skip


FEEDBACK: Json = {
    "type": "context_actions",
    "block_id": "feedback",
    "elements": [
        {
            "type": "feedback_buttons",
            "action_id": "verdict",
            "positive_button": {"text": plain("Good"), "value": "right"},
            "negative_button": {"text": plain("Bad"), "value": "wrong"},
        },
        {"type": "icon_button", "icon": "trash", "text": plain("Remove"), "action_id": "remove"},
    ],
}

MODAL: Json = {
    "id": "V0REASON",
    "type": "modal",
    "title": plain("What was the cause?"),
    "submit": plain("Send"),
    "close": plain("Cancel"),
    "blocks": [
        {"type": "alert", "level": "info", "text": mrkdwn("Your answer teaches *the next* one.")},
        {
            "type": "input",
            "block_id": "cause",
            "label": plain("The cause, in a sentence"),
            "element": {"type": "plain_text_input", "action_id": "text", "multiline": True},
            "hint": plain("Name the component and what happened to it."),
        },
        {
            "type": "input",
            "block_id": "kind",
            "label": plain("Kind"),
            "element": {
                "type": "static_select",
                "action_id": "pick",
                "options": [{"text": plain(k), "value": k} for k in ("capacity", "rollout", "network")],
            },
        },
        {
            "type": "input",
            "block_id": "sure",
            "label": plain("How sure are you?"),
            "optional": True,
            "element": {
                "type": "radio_buttons",
                "action_id": "level",
                "options": [{"text": plain(k), "value": k} for k in ("I saw it", "I think so")],
            },
        },
    ],
}  # fmt: skip

HOME: Json = {
    "id": "V0HOME",
    "type": "home",
    "blocks": [
        {"type": "header", "text": plain("Good night, Maya")},
        section("*2* investigations are running, *1* approval waits for you.", accessory=button("Open", "open")),
        {"type": "divider"},
        {"type": "section", "fields": [mrkdwn("*Right causes*\n41 of 46"), mrkdwn("*Median time*\n1 min 52 s")]},
        {"type": "markdown", "text": "## Quiet decisions\n\n| Signal | Why quiet |\n|---|---|\n| `search` latency blip | recovered in **40 s** |\n| node reboot | planned |\n\n- [digest](http://127.0.0.1/d)\n- 3 more"},
    ],
}  # fmt: skip


def showcase() -> FakeWorkspace:
    """The workspace at three in the morning."""
    workspace = FakeWorkspace()
    workspace.files["F0CHART01"] = (CHART, "memory.svg", "image/svg+xml")
    workspace.homes[ENGINEER] = HOME
    workspace.prompts = [
        {"title": "Who is on call for checkout?", "message": "Who is on call for checkout?"},
        {"title": "What depends on redis-shared?", "message": "What depends on redis-shared?"},
    ]
    _chatter(workspace)
    alert = _alert(workspace)
    _investigation(workspace, alert)
    return workspace


def _chatter(workspace: FakeWorkspace) -> None:
    say = workspace.say
    say("C0CHECKOUT", user=LEAD, text="deploy of checkout 2.14 is out :rocket:")
    old = f"{workspace._clock - 90_000:.6f}"
    say(
        ALERTS,
        ts=old,
        user=LEAD,
        text="Hand-over: quiet day. The backup of `redis-shared` now runs at *02:00*, see <http://127.0.0.1/runbook|the runbook>.",
    )
    say(
        ALERTS,
        user=LEAD,
        text="> is anybody looking at the cart queue?\nnot yet, _it grows ~slowly~ steadily_\n• 01:00 +4 %\n• 02:00 +15 %",
        reactions=[
            {"name": "eyes", "users": [ENGINEER, OUTSIDER], "count": 2},
            {"name": "+1", "users": [OUTSIDER], "count": 1},
        ],
    )
    say(
        ALERTS,
        user=LEAD,
        text=f"<@{ENGINEER}> could you keep an eye on it? cc <#C0DEPLOYS>",
        edited={"user": LEAD, "ts": "1"},
    )
    say(DM, user=BOT, bot_id="B0SREBOT", text="Hello Maya. Ask me about a service, or type `/investigate`.")  # fmt: skip


def _alert(workspace: FakeWorkspace) -> str:
    return workspace.say(
        ALERTS,
        subtype="bot_message",
        username="Datadog",
        bot_id="B0DATADOG",
        attachments=[
            {
                "color": "#e01e5a",
                "title": "[Warn] session-service error rate is rising",
                "title_link": "http://127.0.0.1/monitors/1",
                "text": "Error rate was *0.031 %* over the last 30 min, threshold 0.03 %.\n@slack-alerts-production",
                "fields": [
                    {"title": "Service", "value": "session-service", "short": True},
                    {"title": "Environment", "value": "production", "short": True},
                ],
                "footer": "Datadog",
                "fallback": "session-service error rate is rising",
            }
        ],
        reactions=[{"name": "eyes", "users": [BOT], "count": 1}],
    )


def _investigation(workspace: FakeWorkspace, alert: str) -> None:
    def reply(**message: Any) -> str:
        return workspace.say(
            ALERTS, user=BOT, bot_id="B0SREBOT", app_id="A0SREBOT", thread_ts=alert, **message
        )

    reply(
        blocks=[
            section(
                "*Memory pressure in redis-shared* is the likely cause (87 %). The morning's traffic reaches the limit at *07:40*."
            ),
            PLAN,
        ],
        edited={"ts": "1"},
    )
    workspace.say(
        ALERTS,
        user=ENGINEER,
        thread_ts=alert,
        text="the backup moved to 02:00 on Monday, could that be it?",
    )
    reply(
        blocks=[
            section("Three dependants hold connections longer than usual :mag:"),
            TABLE,
            {
                "type": "image",
                "slack_file": {"id": "F0CHART01"},
                "alt_text": "memory",
                "title": plain("Memory of redis-shared, last 6 h"),
            },
        ]
    )
    reply(blocks=[*proposal(), FEEDBACK])
    workspace.say(
        ALERTS,
        user=BOT,
        bot_id="B0SREBOT",
        text="Only you can see that this needs a team lead.",
        is_ephemeral=True,
        only_for=ENGINEER,
    )
    workspace.sessions[(ALERTS, alert)] = {"status": "processing", "status_text": "is watching the recovery…"}  # fmt: skip
