"""Terraform: resources as entities, references between them as relations."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from importlib import resources
from typing import Any, NamedTuple

import hcl2
import yaml
from hcl2.utils import SerializationOptions
from lark.exceptions import LarkError

from agent.knowledge.inference import endpoints_in
from agent.model import Entity, Json
from integrations.repository.documents import line_of
from integrations.repository.facts import Facts
from integrations.repository.manifests import environment_of
from integrations.repository.snapshot import Snapshot
from integrations.repository.targets import target_of

CONFIDENCE = 0.8
_SURE_OF_SETTING = 0.7
_MOST_FILES = 2_000
_DEEPEST = 40
_FARTHEST = 3
"""References followed through locals and resources that are no entities."""
_KINDS: dict[str, Json] = yaml.safe_load(
    resources.files(__package__).joinpath("terraform_kinds.yaml").read_text("utf-8")
)
_OPTIONS = SerializationOptions(
    with_comments=False, explicit_blocks=False, strip_string_quotes=True, preserve_heredocs=False
)
_REFERENCE = re.compile(
    r"(?<![\w.])(?:(local)\.([\w-]+)|([a-z][a-z0-9]*_[a-z0-9_]+)\.([A-Za-z_][\w-]*))"
)
_INTERPOLATION = re.compile(r"\$\{\s*(var|local)\.([\w-]+)\s*\}")
_SERVICE_TAG = re.compile(r"\bservice:([a-z0-9][a-z0-9._-]*)")
_TEAM = ("tags.team", "tags.owner", "labels.team", "labels.owner", "metadata.labels.team")
_KEPT = ("engine", "engine_version", "instance_class", "node_type", "allocated_storage", "tier")


class _Block(NamedTuple):
    """A resource, or a local value."""

    id: str
    """``aws_db_instance.orders``, ``local.db_host``."""
    type: str
    label: str
    body: Json
    path: str
    line: int

    @property
    def references(self) -> set[str]:
        """Ids that its expressions speak of."""
        found = {
            f"local.{m[2]}" if m[1] else f"{m[3]}.{m[4]}"
            for _, text in _strings(self.body)
            if "${" in text
            for m in _REFERENCE.finditer(text)
        }
        return found - {self.id}


class Terraform:
    """The Terraform of a snapshot: each folder is a module of its own."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._modules: dict[str, dict[str, _Block]] = {}
        self._values: dict[str, dict[str, str]] = {}
        for path, text in list(snapshot.named(".tf"))[:_MOST_FILES]:
            folder = path.rpartition("/")[0]
            parsed = parse(text)
            values = self._values.setdefault(folder, {})
            values |= {f"{k}": v for k, v in _constants(parsed)}
            blocks = self._modules.setdefault(folder, {})
            blocks |= {b.id: b for b in _blocks(parsed, path, text)}

    def add_to(self, facts: Facts) -> None:
        """Add the resources that are entities, and what they refer to."""
        for folder, blocks in self._modules.items():
            keys = {
                b.id: facts.entity(e.name, e.kind, e.namespace, e.environment, e.properties)
                for b in blocks.values()
                if (e := self._entity(b, folder)) is not None
            }
            references = {i: b.references for i, b in blocks.items()}
            for identifier, key in keys.items():
                block = blocks[identifier]
                link = self._snapshot.link(block.path, block.line)
                for target in _reached(identifier, references, keys):
                    _relate(facts, key, keys[target], link)
                team = next(filter(None, (_at(block.body, p) for p in _TEAM)), None)
                if owner := self._resolved(team, folder):
                    facts.relate(facts.entity(owner, "team"), key, "owns", link, CONFIDENCE)
                self._add_settings(facts, block, key)
                _add_watched(facts, block, key, link)

    def _entity(self, block: _Block, folder: str) -> Entity | None:
        kind = _KINDS.get(block.type)
        if kind is None:
            return None
        given = (_at(block.body, place) for place in kind["name"])
        names = [n for g in given if (n := self._resolved(g, folder))]
        namespace = self._resolved(_at(block.body, "metadata.namespace"), folder)
        if block.type == "helm_release":
            namespace = self._resolved(block.body.get("namespace"), folder)
        environment = namespace or environment_of(block.path)
        if kind["kind"] in ("service", "deployment", "statefulset", "daemonset", "cronjob"):
            namespace = namespace or environment
        managed = {
            "repository": self._snapshot.web_url or self._snapshot.name,
            "path": block.path,
            "resource": block.id,
        }
        # A PagerDuty service stands for the service, but does not run it.
        properties: Json = {} if kind["kind"] == "service" else {"managed_by": managed}
        described = {k: str(block.body[k]) for k in _KEPT if k in block.body}
        if described:
            properties["declared"] = {k: v for k, v in described.items() if "${" not in v}
        name = names[0] if names else block.label
        return Entity(
            name=name[:253],
            kind=kind["kind"],
            namespace=namespace,
            environment=environment,
            properties=properties,
        )

    def _resolved(self, value: Any, folder: str) -> str:
        """A text with the defaults of variables and locals filled in; empty when something stays open."""
        if not isinstance(value, str):
            return ""
        values = self._values.get(folder, {})
        text = _INTERPOLATION.sub(lambda m: values.get(f"{m[1]}.{m[2]}", m[0]), value)
        return "" if "${" in text else text.strip()

    def _add_settings(self, facts: Facts, block: _Block, key: str) -> None:
        """What literal settings of a workload point to."""
        namespace = key.split("/", 1)[0].strip("-")
        text = self._snapshot.files[block.path]
        for endpoint in endpoints_in(dict(_settings(block.body))):
            target = target_of(facts, endpoint, namespace)
            line = line_of(text, endpoint.host, block.line)
            link = self._snapshot.link(block.path, line)
            facts.relate(key, target, "depends_on", link, _SURE_OF_SETTING)


def parse(text: str) -> Json:
    """HCL as data; empty when it is none, or too deep."""
    try:
        found: Json = hcl2.loads(
            text if text.endswith("\n") else f"{text}\n", serialization_options=_OPTIONS
        )
    except (LarkError, RecursionError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return {}
    return found


def _constants(parsed: Json) -> Iterator[tuple[str, str]]:
    for entry in _list(parsed.get("variable")):
        for name, body in entry.items():
            default = body.get("default") if isinstance(body, dict) else None
            if isinstance(default, str | int) and "${" not in str(default):
                yield f"var.{name}", str(default)
    for entry in _list(parsed.get("locals")):
        for name, value in entry.items():
            if isinstance(value, str | int) and "${" not in str(value):
                yield f"local.{name}", str(value)


def _blocks(parsed: Json, path: str, text: str) -> Iterator[_Block]:
    for entry in _list(parsed.get("resource")):
        for kind, named in entry.items():
            for label, body in named.items() if isinstance(named, dict) else ():
                if isinstance(body, dict):
                    line = line_of(text, f'resource "{kind}" "{label}"')
                    yield _Block(f"{kind}.{label}", kind, label, body, path, line)
    for entry in _list(parsed.get("locals")):
        for name, value in entry.items():
            yield _Block(f"local.{name}", "local", name, {"value": value}, path, 1)


def _list(value: Any) -> list[Json]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _strings(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """The strings of a body with the attribute that each stands under."""
    if isinstance(value, str):
        yield name, value
    elif depth < _DEEPEST and isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(inner, str(key), depth + 1)
    elif depth < _DEEPEST and isinstance(value, list):
        for inner in value:
            yield from _strings(inner, name, depth + 1)


def _settings(body: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Variables of containers and functions: ``env { name value }`` blocks, ``data`` and ``variables`` maps."""
    if depth > _DEEPEST:
        return
    if isinstance(body, list):
        for inner in body:
            yield from _settings(inner, depth + 1)
    elif isinstance(body, dict):
        name, value = body.get("name"), body.get("value")
        if isinstance(name, str) and isinstance(value, str) and "${" not in value:
            yield name, value
        for key, inner in body.items():
            if key in ("data", "variables", "environment_variables") and isinstance(inner, dict):
                yield from ((str(k), v) for k, v in inner.items() if isinstance(v, str))
            elif isinstance(inner, dict | list):
                yield from _settings(inner, depth + 1)


def _at(body: Any, place: str) -> Any:
    for part in place.split("."):
        body = body[0] if isinstance(body, list) and body else body
        body = body.get(part) if isinstance(body, dict) else None
    return body


def _reached(
    identifier: str, references: dict[str, set[str]], entities: Container[str]
) -> set[str]:
    """The entities that a block refers to, also through what is no entity itself."""
    found: set[str] = set()
    seen = {identifier}
    edge = references[identifier]
    for _ in range(_FARTHEST):
        edge = {i for i in edge if i in references} - seen
        seen |= edge
        found |= {i for i in edge if i in entities}
        edge = {r for i in edge if i not in entities for r in references[i]}
    return found


def _relate(facts: Facts, source: str, target: str, link: str) -> None:
    kind = target.split("/")[1]
    if kind == "escalation_policy" and "/service/" in source:
        facts.relate(target, source, "escalates", link, CONFIDENCE)
    elif kind == "team":
        facts.relate(target, source, "owns", link, CONFIDENCE)
    elif kind in ("configmap", "secret"):
        facts.relate(source, target, "configured_by", link, CONFIDENCE)
    else:
        facts.relate(source, target, "depends_on", link, CONFIDENCE)


def _add_watched(facts: Facts, block: _Block, key: str, link: str) -> None:
    """The service that a monitor's query and tags name."""
    if block.type not in ("datadog_monitor", "datadog_service_level_objective"):
        return
    texts = [text for _, text in _strings(block.body)]
    environment = next((e for t in texts if (e := _tagged_environment(t))), "")
    for name in sorted({n for t in texts for n in _SERVICE_TAG.findall(t)}):
        namespace = environment or environment_of(block.path)
        target = facts.entity(name, "service", namespace)
        facts.relate(key, target, "watches", link, CONFIDENCE)


def _tagged_environment(text: str) -> str:
    match = re.search(r"\benv:([a-z0-9-]+)", text)
    return match[1] if match else ""
