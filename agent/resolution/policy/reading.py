"""Reads a policy from YAML, and says line by line what cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError
from yaml.composer import ComposerError

from agent.errors import SrebotError
from agent.model import ChangeKind
from agent.resolution.policy.policy import Policy

LARGEST_BYTES = 1_000_000
_DEEPEST = 50
_SHOWN = 60
Path_ = tuple[str | int, ...]


class Problem(NamedTuple):
    """Something wrong in a policy file."""

    line: int
    """Counted from 1; 0: the file as a whole."""
    text: str
    """One sentence."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}" if self.line else self.text


class Lines:
    """Which line of the file each part stands on."""

    def __init__(self, lines: Mapping[Path_, int]) -> None:
        self._lines = lines

    def of(self, *path: str | int) -> int:
        """The line of a part, or of the nearest part that it is in."""
        for end in range(len(path), -1, -1):
            if (found := self._lines.get(path[:end])) is not None:
                return found
        return 0


class Read(NamedTuple):
    """A file as far as it could be read."""

    policy: Policy | None
    """None where there are problems."""
    problems: tuple[Problem, ...]
    lines: Lines


def read(text: str) -> Read:
    """Read a policy; never raises, whatever the text is."""
    if len(text.encode(errors="replace")) > LARGEST_BYTES:
        problem = Problem(0, f"The file is larger than {LARGEST_BYTES} bytes.")
        return Read(None, (problem,), Lines({}))
    lines: dict[Path_, int] = {}
    problems: list[Problem] = []
    try:
        data = _data(text, lines, problems)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        problems.append(Problem(line, f"It cannot be read: {error.problem or error.context}."))
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        problems.append(Problem(0, f"It cannot be read: {str(error) or 'it is nested too deep'}."))
    else:
        if not problems:
            return _validated(data, Lines(lines))
    return Read(None, tuple(problems), Lines(lines))


def text_of(path: Path) -> str:
    """A policy file's text.

    Raises:
        SrebotError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SrebotError(f"The policy file {path} cannot be read: {error}") from error


def default_text() -> str:
    """The packaged policy."""
    return (files("agent.resolution.policy") / "default.yaml").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def default_policy() -> Policy:
    """The document's rules, where an engineer wrote no others."""
    found = read(default_text())
    if found.policy is None:
        raise SrebotError(f"The packaged policy is broken: {found.problems[0]}")
    return found.policy


def written(policy: Policy) -> str:
    """A policy as YAML that reads as the same policy."""
    data = policy.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump({"format": policy.format, **data}, sort_keys=False, allow_unicode=True)


class _Loader(yaml.SafeLoader):
    """Plain YAML without aliases, which can stand for more than anybody can read."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            problem = f"write out what *{event.anchor} stands for"
            raise ComposerError(None, None, problem, event.start_mark)
        return super().compose_node(parent, index)


def _data(text: str, lines: dict[Path_, int], problems: list[Problem]) -> Any:
    """The plain data of a document, with the lines that its parts stand on."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            problems.append(Problem(0, "The file is empty."))
            return None
        _note(node, (), lines, problems)
        return loader.construct_document(node) if not problems else None
    finally:
        loader.dispose()


def _note(node: yaml.Node, path: Path_, lines: dict[Path_, int], problems: list[Problem]) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if len(path) > _DEEPEST:
        problems.append(Problem(node.start_mark.line + 1, "This is nested too deep."))
    elif isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            _note(item, (*path, place), lines, problems)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            line, name = key.start_mark.line + 1, str(key.value)
            if (*path, name) in lines:
                problems.append(Problem(line, f"{_short(name)} is written twice."))
            lines[(*path, name)] = line
            _note(value, (*path, name), lines, problems)


def _validated(data: Any, lines: Lines) -> Read:
    if not isinstance(data, dict):
        return Read(None, (Problem(1, "A policy is a mapping with `environments`."),), lines)
    try:
        return Read(Policy.model_validate(data), (), lines)
    except ValidationError as error:
        found = [
            Problem(lines.of(*e["loc"]), _sentence(dict(e)))
            for e in error.errors(include_url=False)
        ]
        return Read(None, tuple(dict.fromkeys(found)), lines)
    except (ValueError, OverflowError, RecursionError) as error:
        return Read(None, (Problem(0, f"It cannot be understood: {error}."),), lines)


def _sentence(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors for people."""
    where = _where(error["loc"])
    value = _short(error.get("input"))
    match error["type"]:
        case "extra_forbidden":
            return f"Unknown field {where}."
        case "missing":
            return f"{where} is missing."
        case "enum" if "kinds" in error["loc"]:
            known = ", ".join(ChangeKind)
            return f"Unknown kind {value}; the kinds are {known}, or all."
        case "enum":
            return f"{where} cannot be {value}: it has to be {error['ctx']['expected']}."
        case "value_error":
            return f"{where}: {error['ctx']['error']}."
    return f"{where} cannot be {value}: {error['msg']}."


def _where(path: Sequence[str | int]) -> str:
    return ".".join(_named(path)) or "the file"


def _named(path: Sequence[str | int]) -> Iterator[str]:
    for part in path:
        yield f"[{part + 1}]" if isinstance(part, int) else str(part)[:_SHOWN]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
