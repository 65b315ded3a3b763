"""Sets values in YAML text so that every other byte stays as it is.

ruamel.yaml says where each node stands; only that stretch of the text is written anew, in the node's own style. A round
trip through its emitter would keep comments, but not always indentation, line folding and spaces before them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Step: TypeAlias = str | tuple[str, str]
"""A key of a mapping, or the item of a list whose key has a value: ``("name", "cart")``."""
Steps: TypeAlias = tuple[Step, ...]
Scalar: TypeAlias = str | int | float | bool | None
_INDENT = 2
_LONGEST_PLAIN = 200


class NotEditable(Exception):
    """The text does not let itself be edited there without touching more than the value."""


class Setting(NamedTuple):
    """A value and where it goes; None takes the key away."""

    steps: Steps
    value: Scalar


_ESCAPED = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufeff\\ufffe\\uffff]")
"""What YAML allows, or keeps as it is, only as an escape in double quotes."""


def with_settings(text: str, settings: Sequence[Setting], document: int = 0) -> str:
    """The text with these values set in one of its documents.

    Raises:
        NotEditable: it is no YAML, or has nothing there that could be set.
    """
    for setting in settings:
        text = _with_one(text, setting, document)
    return text


def with_item(text: str, steps: Steps, item: str) -> str:
    """The text with an item, given as YAML lines, at the end of a block list; the list is made when it is missing.

    Raises:
        NotEditable: something else than a block list is there.
    """
    root = _document(text, 0)
    node, missing = _walk(root, steps)
    if len(missing) > 1 or (missing and not isinstance(missing[0], str)):
        raise NotEditable("there is no place for a list")
    if missing:
        _must_be_block(node)
        indent = " " * _column(node)
        lines = [f"{indent}{missing[0]}:", *_item_lines(item, indent)]
    elif isinstance(node, SequenceNode) and not node.flow_style and node.value:
        lines = _item_lines(item, " " * node.start_mark.column)
    else:
        raise NotEditable("there is no block list")
    return _with_lines_after(text, node, lines)


def value_at(data: Any, steps: Steps) -> Any:
    """What is there in loaded YAML; None for nothing."""
    for step in steps:
        if isinstance(step, str):
            data = data.get(step) if isinstance(data, dict) else None
        else:
            key, value = step
            items = data if isinstance(data, list) else []
            data = next(
                (i for i in items if isinstance(i, dict) and str(i.get(key)) == value), None
            )
    return data


def _with_one(text: str, setting: Setting, document: int) -> str:
    root = _document(text, document)
    node, missing = _walk(root, setting.steps)
    if setting.value is None:
        return text if missing else _without(text, root, setting.steps)
    if missing:
        return _with_new(text, node, missing, setting.value)
    if not isinstance(node, ScalarNode) or node.style in ("|", ">"):
        raise NotEditable("there is no plain or quoted value")
    start, end = node.start_mark.index, node.end_mark.index
    written = _written(setting.value, node)
    if start == end:  # a key without a value
        written = f" {written}"
    elif node.anchor:
        raise NotEditable("the value is repeated elsewhere by an anchor")
    return text[:start] + written + text[end:]


def _document(text: str, number: int) -> Node:
    try:
        found = list(YAML(typ="rt", pure=True).compose_all(text))
    except (YAMLError, ValueError, RecursionError) as error:
        raise NotEditable("it is no YAML") from error
    if number >= len(found) or found[number] is None:
        raise NotEditable("there is no such document")
    root: Node = found[number]
    return root


def _walk(node: Node, steps: Steps) -> tuple[Node, Steps]:
    """The deepest node on the way, and the steps that lead nowhere."""
    for position, step in enumerate(steps):
        child = _child(node, step)
        if child is None:
            return node, steps[position:]
        node = child
    return node, ()


def _child(node: Node, step: Step) -> Node | None:
    if isinstance(step, str):
        pair = _pair(node, step)
        return pair[1] if pair else None
    if not isinstance(node, SequenceNode):
        return None
    key, value = step
    for item in node.value:
        pair = _pair(item, key)
        if pair is not None and pair[1].value == value:
            found: Node = item
            return found
    return None


def _pair(node: Node, key: str) -> tuple[Node, Node] | None:
    if not isinstance(node, MappingNode):
        return None
    for name, value in node.value:
        if isinstance(name, ScalarNode) and name.value == key:
            return name, value
    return None


def _written(value: Scalar, node: ScalarNode | None) -> str:
    """A value in the style of the one that it replaces."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    style = node.style if node is not None else None
    if style == '"' or _ESCAPED.search(text):
        quoted = json.dumps(text, ensure_ascii=False)
        return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
    # A plain number may stand for a quantity: then the new one is no text either.
    was_number = node is not None and style is None and not isinstance(_loaded(node.value), str)
    same = _loaded(text) == text or (
        was_number
        and str(_loaded(text)) == text
        and not isinstance(_loaded(node.value if node else ""), bool)
    )
    if style is None and same and _is_plain(text):
        return text
    return "'" + text.replace("'", "''") + "'"


def _is_plain(text: str) -> bool:
    """Whether a text may stand without quotes, in flow mappings too."""
    if not text or text != text.strip() or len(text) > _LONGEST_PLAIN:
        return False
    return not set(text) & set("#,[]{}&*!|>'\"%@`\\") and ": " not in text and text[-1] != ":"


def _loaded(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return None


def _with_new(text: str, node: Node, steps: Steps, value: Scalar) -> str:
    """The text with keys that were not there yet."""
    keys = [s for s in steps if isinstance(s, str)]
    if len(keys) != len(steps) or not isinstance(node, MappingNode):
        raise NotEditable("there is nothing that the value could belong to")
    written = _written(value, None)
    if node.flow_style:
        inner = "".join(f"{k}: {{" for k in keys[:-1]) + f"{keys[-1]}: {written}"
        inner += "}" * (len(keys) - 1)
        if node.value:
            end = node.value[-1][1].end_mark.index
            return text[:end] + f", {inner}" + text[end:]
        start = node.start_mark.index + 1
        return text[:start] + inner + text[start:]
    _must_be_block(node)
    column = _column(node)
    lines = [" " * (column + _INDENT * depth) + f"{key}:" for depth, key in enumerate(keys)]
    lines[-1] += f" {written}"
    return _with_lines_after(text, node, lines)


def _without(text: str, root: Node, steps: Steps) -> str:
    """The text without a key that has lines of its own."""
    parent, _ = _walk(root, steps[:-1])
    pair = _pair(parent, steps[-1]) if isinstance(steps[-1], str) else None
    if pair is None or not isinstance(parent, MappingNode) or parent.flow_style:
        raise NotEditable("there is no block mapping")
    if len(parent.value) == 1:
        raise NotEditable("the key has no lines of its own")
    start = text.rfind("\n", 0, pair[0].start_mark.index) + 1
    if text[start : pair[0].start_mark.index].strip():
        raise NotEditable("the key shares its line")
    end = _line_end(text, _last_index(text, pair[1]))
    return text[:start] + text[end:]


def _must_be_block(node: Node) -> None:
    if not isinstance(node, MappingNode) or node.flow_style or not node.value:
        raise NotEditable("there is no block mapping")


def _column(node: Node) -> int:
    return int(node.value[0][0].start_mark.column)


def _item_lines(item: str, indent: str) -> list[str]:
    first, *rest = item.rstrip("\n").split("\n")
    return [f"{indent}- {first}", *(f"{indent}  {line}" if line else "" for line in rest)]


def _with_lines_after(text: str, node: Node, lines: Sequence[str]) -> str:
    position = _line_end(text, _last_index(text, node))
    newline = "\r\n" if "\r\n" in text else "\n"
    before = text[:position]
    if before and not before.endswith("\n"):
        before += newline
    return before + "".join(line + newline for line in lines) + text[position:]


def _last_index(text: str, node: Node) -> int:
    """Where the last thing of a node ends; a block's own end mark lies behind the comments and blanks after it."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        return _last_index(text, node.value[-1][1])
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return _last_index(text, node.value[-1])
    end = int(node.end_mark.index)
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        return len(text[:end].rstrip("\r\n "))
    return end


def _line_end(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1
