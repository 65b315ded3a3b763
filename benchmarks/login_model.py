"""A model that works the login case as a person would script it: it looks widely, reads, and reports what it was shown."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx2
import openai

from agent.model import Check, Json
from agent.reasoning.llm import LlmReasoner
from agent.reasoning.modes.catalogue import CATALOGUE
from agent.tools import Registry
from benchmarks.login_company import DATADOG_SERVICES, DECISIVE, NAMESPACE, SERVICES
from benchmarks.scripted_model import MODEL, tokens

_SEEN = re.compile(r"^s(\d+) \w+_logs [^\n]*\n<data(?:(?!</data>).)*?HikariPool-1", re.M | re.S)
Call = tuple[str, Json]


class LoginModel:
    """The scripted endpoint, and what it was given to read."""

    def __init__(self) -> None:
        self.prompts: list[bytes] = []
        """The tools and messages of each call, in order."""
        self.found_in = 0
        """The step that showed the decisive line; 0: none did."""

    @property
    def saw_it(self) -> bool:
        """Whether the decisive line was in any prompt."""
        return any(DECISIVE.encode() in prompt for prompt in self.prompts)

    def reasoner(self, registry: Registry) -> LlmReasoner:
        """The model's reasoner on this endpoint."""
        transport = httpx2.MockTransport(self._complete)
        client = openai.AsyncOpenAI(
            api_key="none",
            base_url="http://model.invalid/v1",
            http_client=httpx2.AsyncClient(transport=transport),
        )
        return LlmReasoner(client, MODEL, registry, modes=list(CATALOGUE))

    def _complete(self, request: httpx2.Request) -> httpx2.Response:
        asked = json.loads(request.content)
        prompt = b"".join(
            json.dumps(asked[part], ensure_ascii=False).encode() for part in ("tools", "messages")
        )
        self.prompts.append(prompt)
        text = "\n".join(str(m["content"]) for m in asked["messages"])
        seen = _SEEN.search(text)
        self.found_in = self.found_in or (int(seen[1]) if seen else 0)
        calls = [
            {
                "id": f"call_{n}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for n, (name, arguments) in enumerate(self._say(asked["messages"][-1]["content"]), 1)
        ]
        message = {"role": "assistant", "content": None, "tool_calls": calls}
        usage = {"prompt_tokens": tokens(prompt), "completion_tokens": 400, "total_tokens": 400}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        body = {"id": "1", "object": "chat.completion", "created": 1, "model": MODEL}
        return httpx2.Response(200, json={**body, "choices": [choice], "usage": usage})

    def _say(self, task: str) -> list[Call]:
        if "Hand in propose_hypotheses" in task:
            return [("propose_hypotheses", {"hypotheses": _HYPOTHESES}), ("look", _looks(0))]
        facts = [] if not self.found_in else [_fact(self.found_in)]
        if "Hand in weigh_evidence" not in task:
            return [("conclude", _report(task))]
        weighed: Call = (
            "weigh_evidence",
            {"facts": facts if "Evidence so far" not in task else []},
        )
        if len(self.prompts) == 2:
            return [weighed, ("look", _looks(1))]
        return [weighed, ("conclude", _report(task))]


_HYPOTHESES = [
    {
        "id": f"H{number}",
        "mode": mode,
        "statement": statement,
        "entity": "auth",
        "entity_kind": "deployment",
        "namespace": NAMESPACE,
        "parent": "",
        "likelihood": "possible",
    }
    for number, (mode, statement) in enumerate(
        (
            ("connection_pool_exhaustion", "auth waits for connections to its database"),
            ("bad_rollout", "a rollout of auth broke logins"),
            ("dependency_latency_or_errors", "something that auth calls is slow"),
            ("traffic_surge", "more logins than auth can bear"),
        ),
        1,
    )
]


def log_checks() -> list[Check]:
    """The twelve logs, an hour each."""
    asked: list[tuple[str, Json]] = [
        ("kubernetes_logs", {"namespace": NAMESPACE, "workload": name, "minutes": 61})
        for name in SERVICES
    ]
    asked += [
        ("datadog_logs", {"query": f"service:{name} env:production", "minutes": 61, "limit": 2000})
        for name in DATADOG_SERVICES
    ]
    return [Check(tool=t, arguments=a, reason="to tell", tells=("H1", "H3")) for t, a in asked]


def _looks(part: int) -> Json:
    """Half of the twelve logs; at first pods, events and three describes besides."""
    checks = log_checks()[part::2]
    if part == 0:
        asked: list[tuple[str, Json]] = [
            ("kubernetes_list", {"kind": "Pod", "namespace": NAMESPACE}),
            ("kubernetes_events", {"namespace": NAMESPACE, "minutes": 240}),
        ]
        asked += [
            ("kubernetes_workload", {"namespace": NAMESPACE, "name": name})
            for name in ("auth-report", "gateway", "session")
        ]
        checks += [Check(tool=t, arguments=a, reason="to tell", tells=("H2",)) for t, a in asked]
    return {
        "checks": [
            {"tool": c.tool, "args": c.arguments, "why": c.reason, "tells": list(c.tells)}
            for c in checks
        ]
    }


def _fact(step: int) -> Json:
    statement = "HikariPool-1 - Connection is not available, request timed out after 30000ms"
    verdicts = [
        {"hypothesis": "H1", "verdict": "strongly_supports"},
        {"hypothesis": "H2", "verdict": "contradicts"},
    ]
    return {"step": step, "statement": statement, "verdicts": verdicts}


def _report(task: str) -> dict[str, Any]:
    known = re.findall(r"^\[(\d+)\] s\d+: ", task, re.M) or ["1"]
    claim = {
        "part": "chain",
        "text": "HikariPool-1 - Connection is not available, request timed out after 30000ms",
        "citations": [int(known[0])],
    }
    return {
        "ending": "cause_found",
        "headline": "auth waits for connections to its database",
        "hypothesis": "H1",
        "confidence": 0.8,
        "claims": [claim],
        "next_steps": [],
        "question": "",
        "changes": [],
    }
