"""Reads the files of a recording, plain or compressed with gzip."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import yaml

from sandbox.world.scenario import ScenarioError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SUFFIXES = (".yaml", ".yml", ".json")


def documents(path: Path) -> Iterator[dict[str, Any]]:
    """The documents of a YAML or JSON file; a list, or a Kubernetes ``List``, gives its items.

    Raises:
        ScenarioError: it cannot be read.
    """
    try:
        found = list(yaml.load_all(path.read_text(encoding="utf-8"), Loader=_LOADER))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path.name} cannot be read: {error}") from error
    for document in found:
        many = document.get("items") if isinstance(document, dict) else document
        items = many if isinstance(many, list) else [document]
        for item in items:
            if isinstance(item, dict):
                yield item
            elif item is not None:
                raise ScenarioError(f"{path.name} holds {type(item).__name__} where objects belong")


def mapping(folder: Path, stem: str) -> dict[str, Any] | None:
    """The one document of ``<stem>.yaml`` or ``<stem>.json``; None without such a file."""
    for path in (folder / f"{stem}{suffix}" for suffix in _SUFFIXES):
        if path.is_file():
            return next(documents(path), {})
    return None


def listed(folder: Path, stem: str) -> list[dict[str, Any]]:
    """All documents of ``<stem>.yaml`` or ``<stem>.json``."""
    paths = [folder / f"{stem}{suffix}" for suffix in _SUFFIXES]
    return [item for path in paths if path.is_file() for item in documents(path)]


def below(folder: Path) -> Iterator[dict[str, Any]]:
    """All documents of the YAML and JSON files below a folder, in order of their paths."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in _SUFFIXES:
            yield from documents(path)


def lines(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """The objects of a file with one JSON object a line, ``name`` or ``name.gz``.

    Raises:
        ScenarioError: a line is no JSON object; with its number.
    """
    for number, line in enumerate(_text_lines(folder, name), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError as error:
            raise ScenarioError(f"{name}, line {number}: {error}") from error
        if not isinstance(found, dict):
            raise ScenarioError(f"{name}, line {number} is no JSON object")
        yield found


def rows(folder: Path, name: str, columns: tuple[str, ...]) -> Iterator[Mapping[str, str]]:
    """The rows of a CSV file with a heading, ``name`` or ``name.gz``.

    Raises:
        ScenarioError: a column is missing.
    """
    reader = csv.DictReader(_text_lines(folder, name))
    missing = [c for c in columns if reader.fieldnames and c not in reader.fieldnames]
    if missing:
        raise ScenarioError(f"{name} has no column {', '.join(missing)}")
    yield from reader


def _text_lines(folder: Path, name: str) -> Iterator[str]:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            with _opened(path) as stream:
                yield from stream
            return


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")
