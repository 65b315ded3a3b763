"""``python -m evals.bare_bot ALERT-FILE RECORD-FILE``: a model in a plain loop with srebot's read tools.

The only part of the evals that imports the bot: its tools are the ones compared with, nothing else of it is used. One
prompt, chat completions with tool calls, the tools' answers as they come, until ``report`` is called.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openai

from agent.errors import SrebotError
from agent.tools import Registry
from bot.log import configure, secrets_of
from bot.model import prices_of
from bot.runtime import database, parts
from bot.settings import ModelSettings, Settings

Json = dict[str, Any]

PROMPT = "You are a site reliability engineer. Find the cause of this alert with the tools, then call report."
MOST_CALLS = 60
"""As the bot's own budget of tool calls."""
_MOST_TURNS = 40
_MOST_CHARACTERS = 20_000
_KINDS = "resources, replicas, rollback, restart, suspend_job, resume_job, config_value"


def _report_tool() -> Json:
    text = {"type": "string"}
    claim = {"text": text, "citations": {"type": "array", "items": {"type": "integer"}}}
    change = {"kind": text, "name": text, "namespace": text, "arguments": {"type": "object"}}
    return _function(
        "report",
        "Hand in what you found. Citations are numbers of your tool calls, from 1. Changes are what would mend it, "
        f"best first; kinds: {_KINDS}.",
        {
            "ending": {"type": "string", "enum": ["cause_found", "nothing_wrong", "input_needed"]},
            "headline": text,
            "entity": text,
            "namespace": text,
            "chain": _list(claim),
            "next_steps": {"type": "array", "items": text},
            "changes": _list(change),
        },
    )


def _list(properties: Json) -> Json:
    return {"type": "array", "items": {"type": "object", "properties": properties}}


def _function(name: str, description: str, properties: Json) -> Json:
    parameters = {"type": "object", "properties": properties, "required": list(properties)[:2]}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


class Bare:
    """One investigation by a bare model."""

    def __init__(
        self, registry: Registry, client: openai.AsyncOpenAI, model: ModelSettings
    ) -> None:
        self._registry = registry
        self._client = client
        self._model = model
        self._prices = prices_of(model)
        self._began = time.monotonic()
        self.steps: list[Json] = []
        self.spent = {"prompt_tokens": 0, "completion_tokens": 0, "usd": 0.0}

    async def investigate(self, alert: str) -> Json:
        """What it reports; nothing when it never does."""
        messages: list[Json] = [
            {"role": "system", "content": PROMPT},
            {"role": "user", "content": alert},
        ]
        for _ in range(_MOST_TURNS):
            message = await self._complete(messages)
            messages.append(message)
            calls = message.get("tool_calls") or []
            if not calls:
                messages.append({"role": "user", "content": "Call report when you are done."})
            for call in calls:
                name, arguments = call["function"]["name"], _arguments(call)
                if name == "report":
                    return arguments
                answer = await self._call(name, arguments)
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": answer})
        return {}

    def record(self, report: Mapping[str, Any]) -> Json:
        """In the form of the bot's records."""
        chain = [c for c in report.get("chain") or () if isinstance(c, dict) and c.get("text")]
        finding = {**report, "chain": chain, "mode": "other", "reasoner": self._model.model}
        seconds = time.monotonic() - self._began
        spent = {**self.spent, "tool_calls": len(self.steps), "seconds": round(seconds, 3)}
        changes = [
            {"kind": c["kind"], "target": c, "arguments": c.get("arguments")}
            for c in report.get("changes") or ()
            if isinstance(c, dict) and c.get("kind") and c.get("name")
        ]
        return {
            "investigation": {"id": 1, "spent": spent},
            "finding": finding if report else None,
            "changes": changes,
            "steps": self.steps,
        }

    async def _complete(self, messages: list[Json]) -> Json:
        answer = await self._client.chat.completions.create(
            model=self._model.model,
            messages=messages,  # type: ignore[arg-type]
            tools=[*map(_offered, self._registry), _report_tool()],  # type: ignore[list-item]
        )
        if usage := answer.usage:
            self.spent["prompt_tokens"] += usage.prompt_tokens
            self.spent["completion_tokens"] += usage.completion_tokens
            self.spent["usd"] += self._prices.cost(usage.prompt_tokens, usage.completion_tokens)
        dumped: Json = answer.choices[0].message.model_dump(exclude_none=True)
        kept = ("role", "content", "tool_calls")
        return {"content": "", **{k: v for k, v in dumped.items() if k in kept}}

    async def _call(self, name: str, arguments: Json) -> str:
        if len(self.steps) >= MOST_CALLS:
            return "No more calls: call report."
        number, began = len(self.steps) + 1, time.monotonic()
        status, raw = "ok", ""
        try:
            reading = await self._registry[name](arguments)
            text, raw = reading.observation, reading.raw or reading.observation
        except SrebotError as error:
            status, text = "error", str(error)
        self.steps.append(
            {
                "number": number,
                "round": number,
                "check": {"tool": name, "arguments": arguments},
                "status": status,
                "error": text if status == "error" else "",
                "reading": {"observation": text} if status == "ok" else None,
                "seconds": round(time.monotonic() - began, 3),
                "raw": raw,
            }
        )
        return f"[{number}] {text}"[:_MOST_CHARACTERS]


def _offered(tool: Any) -> Json:
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.schema,
        },
    }


def _arguments(call: Json) -> Json:
    try:
        found = json.loads(call["function"]["arguments"] or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


async def _run(settings: Settings, url: str, alert: str) -> Json:
    model = settings.model
    client = openai.AsyncOpenAI(
        api_key=model.api_key.get_secret_value(), base_url=model.base_url, max_retries=4
    )
    async with parts(settings, url) as made, client:
        await made.scan()
        bare = Bare(made.registry, client, model)
        return bare.record(await bare.investigate(alert))


def main() -> None:
    """Investigate the alert of the first file; the record goes to the second."""
    asked, told = map(Path, sys.argv[1:3])
    settings = Settings()
    configure("ERROR", json=False, secrets=secrets_of(settings))
    with database(settings) as url:
        record = asyncio.run(_run(settings, url, asked.read_text(encoding="utf-8")))
    told.write_text(json.dumps(record), encoding="utf-8")


if __name__ == "__main__":
    main()
