"""Where in the files a field of an object is decided: the edits that would set it, the closest to the target first."""

from __future__ import annotations

import posixpath
import textwrap
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import yaml

from agent.model import Json
from integrations.github.declared import Declaration
from integrations.github.editing import (
    NotEditable,
    Setting,
    Step,
    Steps,
    value_at,
    with_item,
    with_settings,
)
from integrations.repository.documents import NotYaml, documents

_Settings = Sequence[Setting]


class FileEdit(NamedTuple):
    """A file as it would become."""

    path: str
    text: str


def kustomize_edits(declaration: Declaration, settings: _Settings) -> Iterator[FileEdit]:
    """The edits of a kustomization and its files that may set these fields, without a promise that they do."""
    manifest, files = declaration.manifest, declaration.snapshot.files
    overlay = manifest.overlay
    if overlay in files:
        yield from _tries(overlay, files[overlay], _field_settings(declaration, settings))
        yield from _in_patches(declaration, settings, there=True)
        yield from _in_inline_patches(declaration, settings, there=True)
    text = files.get(manifest.path, "")
    yield from _in_documents(manifest.path, text, declaration, settings, there=False)
    if overlay in files:
        yield from _in_patches(declaration, settings, there=False)
        yield from _in_inline_patches(declaration, settings, there=False)
        yield from _new_patch(declaration, settings)


def _tries(path: str, text: str, settings: _Settings) -> Iterator[FileEdit]:
    if not settings:
        return
    try:
        yield FileEdit(path, with_settings(text, settings))
    except NotEditable:
        return


def _field_settings(declaration: Declaration, settings: _Settings) -> list[Setting]:
    """Where ``replicas``, ``images`` and literals of the kustomization have the say, what to set there."""
    manifest = declaration.manifest
    data = _mapping(declaration.snapshot.files[manifest.overlay])
    found: list[Setting] = []
    for setting in settings:
        match setting.steps:
            case ("spec", "replicas"):
                found += _known(data, ("replicas", ("name", manifest.name), "count"), setting.value)
            case (*_, "image"):
                found += _image(data, str(setting.value))
    return found if len(found) == len(settings) else []


def _known(data: Json, steps: Steps, value: Any) -> list[Setting]:
    return [Setting(steps, value)] if value_at(data, steps) is not None else []


def _image(data: Json, reference: str) -> list[Setting]:
    """The tag of an ``images`` entry; none when the repository or a digest would change."""
    repository, _, tag = reference.rpartition(":")
    for entry in data.get("images") or ():
        if not isinstance(entry, dict) or entry.get("digest") or "/" in tag:
            continue
        if repository == str(entry.get("newName") or entry.get("name")):
            return [Setting(("images", ("name", str(entry["name"])), "newTag"), tag)]
    return []


def _in_patches(
    declaration: Declaration, settings: _Settings, *, there: bool
) -> Iterator[FileEdit]:
    """In the patch files of the overlay; ``there``: only where the first field is patched already."""
    overlay, files = declaration.manifest.overlay, declaration.snapshot.files
    folder = posixpath.dirname(overlay)
    data = _mapping(files[overlay])
    entries = [e.get("path") for e in _mappings(data.get("patches"))]
    entries += [e for e in data.get("patchesStrategicMerge") or () if isinstance(e, str)]
    for entry in entries:
        path = posixpath.normpath(posixpath.join(folder, str(entry)))
        if path in files:
            yield from _in_documents(path, files[path], declaration, settings, there=there)


def _in_documents(
    path: str, text: str, declaration: Declaration, settings: _Settings, *, there: bool
) -> Iterator[FileEdit]:
    """In the documents of a file that are of the target."""
    for number, data in enumerate(_loaded(text)):
        if not _is_of(data, declaration):
            continue
        if there and value_at(data, settings[0].steps) is None:
            continue
        try:
            yield FileEdit(path, with_settings(text, settings, number))
        except NotEditable:
            continue


def _in_inline_patches(
    declaration: Declaration, settings: _Settings, *, there: bool
) -> Iterator[FileEdit]:
    """In patches that stand in the kustomization itself, as literal blocks."""
    overlay = declaration.manifest.overlay
    text = declaration.snapshot.files[overlay]
    for entry in _mappings(_mapping(text).get("patches")):
        patch = entry.get("patch")
        if not isinstance(patch, str) or (block := _block_of(text, patch)) is None:
            continue
        for edit in _in_documents(overlay, patch, declaration, settings, there=there):
            indented = textwrap.indent(edit.text, block.indent)
            if not block.text.endswith("\n"):
                indented = indented.rstrip("\n")
            yield FileEdit(overlay, text.replace(block.text, indented, 1))


class _Block(NamedTuple):
    text: str
    indent: str


def _block_of(text: str, value: str) -> _Block | None:
    """The lines of a literal block with this value; None when they are not found, or found twice."""
    for width in range(2, 13):
        indent = " " * width
        lines = textwrap.indent(value.rstrip("\n"), indent)
        if text.count(f"\n{lines}\n") == 1 or text.endswith(f"\n{lines}"):
            return _Block(lines, indent)
    return None


def _new_patch(declaration: Declaration, settings: _Settings) -> Iterator[FileEdit]:
    """A further patch in the overlay, for values that a shared base decides."""
    manifest = declaration.manifest
    if any(s.value is None for s in settings):
        return
    body: Json = {
        "apiVersion": manifest.item["apiVersion"],
        "kind": manifest.kind,
        "metadata": {"name": manifest.name},
    }
    for setting in settings:
        _put(body, setting.steps, setting.value)
    lines = yaml.safe_dump(body, sort_keys=False, width=1_000).rstrip("\n")
    item = "patch: |-\n" + textwrap.indent(lines, "  ")
    text = declaration.snapshot.files[manifest.overlay]
    try:
        yield FileEdit(manifest.overlay, with_item(text, ("patches",), item))
    except NotEditable:
        return


def _put(body: Any, steps: Steps, value: Any) -> None:
    """Set a value in plain data, making what leads there."""
    for step, after in pairwise(steps):
        fresh: Any = [] if isinstance(after, tuple) else {}
        body = _entered(body, step, fresh)
    body[steps[-1]] = value


def _entered(body: Any, step: Step, fresh: Any) -> Any:
    if isinstance(step, str):
        return body.setdefault(step, fresh)
    key, value = step
    known = next((i for i in body if i.get(key) == value), None)
    if known is None:
        known = {key: value}
        body.append(known)
    return known


def _is_of(data: Any, declaration: Declaration) -> bool:
    if not isinstance(data, dict) or data.get("kind") != declaration.manifest.kind:
        return False
    metadata = data.get("metadata")
    return isinstance(metadata, dict) and metadata.get("name") == declaration.manifest.name


def _loaded(text: str) -> list[Any]:
    """All documents, empty ones too, so that their numbers are the text's."""
    try:
        documents("", text)  # within bounds
        return list(yaml.safe_load_all(text))
    except (NotYaml, yaml.YAMLError, ValueError):
        return []


def _mapping(text: str) -> Json:
    found = _loaded(text)
    return found[0] if len(found) == 1 and isinstance(found[0], dict) else {}


def _mappings(value: Any) -> list[Json]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
