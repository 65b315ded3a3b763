"""Where a Helm chart's values decide a field, and the values file of the target's environment."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from agent.errors import Refused
from agent.model import Json
from integrations.github.declared import Declaration
from integrations.github.editing import NotEditable, Setting, Steps, value_at, with_settings
from integrations.github.places import FileEdit

_VALUE = r"\.Values\.([A-Za-z_][\w.]*)"
_IMAGE = re.compile(rf'image:\s*"?\{{\{{-?\s*{_VALUE}[^}}]*\}}\}}:\{{\{{-?\s*{_VALUE}')
_RESOURCES = re.compile(rf"resources:\s*(?:#.*)?\n?\s*\{{\{{-?\s*toYaml\s+{_VALUE}")
_RANGE = re.compile(rf"range\s+\$\w+,\s*\$\w+\s*:=\s*{_VALUE}")


def chart_edits(declaration: Declaration, settings: Sequence[Setting]) -> Iterator[FileEdit]:
    """The edit of the values that sets these fields.

    Raises:
        Refused: the template takes them from elsewhere, or the values are shared with other environments.
    """
    values = [_as_value(declaration, s) for s in settings]
    path = _values_file(declaration, values)
    try:
        yield FileEdit(path, with_settings(declaration.snapshot.files[path], values))
    except NotEditable as error:
        raise Refused(f"{path} cannot be edited there: {error}") from error


def declared_by_values(declaration: Declaration, setting: Setting) -> Any:
    """What the values give a field now; None when they don't.

    Raises:
        Refused: the template takes it from elsewhere.
    """
    return _value(declaration, _as_value(declaration, setting).steps)


def _as_value(declaration: Declaration, setting: Setting) -> Setting:
    """A field of the object as a value of the chart."""
    manifest = declaration.manifest
    template = declaration.snapshot.files.get(manifest.path, "")
    *_, last = setting.steps
    if "resources" in setting.steps and (found := _RESOURCES.search(template)):
        after = setting.steps[setting.steps.index("resources") + 1 :]
        return Setting((*_steps(found[1]), *after), setting.value)
    if last == "image" and (found := _IMAGE.search(template)):
        repository, _, tag = str(setting.value).rpartition(":")
        known = _value(declaration, _steps(found[1]))
        if known is not None and str(known) == repository:
            return Setting(_steps(found[2]), tag)
    key = re.escape(str(last))
    if found := re.search(rf"^\s*{key}:\s*['\"]?\{{\{{-?\s*{_VALUE}", template, re.M):
        return Setting(_steps(found[1]), setting.value)
    if setting.steps[:1] == ("data",) and (found := _RANGE.search(template)):
        steps: Steps = (*_steps(found[1]), str(last))
        if _value(declaration, steps) is not None:
            return Setting(steps, setting.value)
    raise Refused(
        f"The chart in {posixpath.dirname(manifest.overlay)} does not take {last} of {manifest.name} from its values"
    )


def _value(declaration: Declaration, steps: Steps) -> Any:
    """A value of the chart, with its environment's file on top."""
    found = None
    for path in _value_files(declaration):
        given = value_at(_mapping(declaration.snapshot.files[path]), steps)
        found = given if given is not None else found
    return found


def _values_file(declaration: Declaration, values: Sequence[Setting]) -> str:
    """The file to edit: the environment's own, or the common one where no environment has its own."""
    folder, files = posixpath.dirname(declaration.manifest.overlay), declaration.snapshot.files
    common, *own = _value_files(declaration)
    if own:
        return own[-1]
    others = [
        p
        for p in files
        if posixpath.dirname(p) in (folder, posixpath.join(folder, "values"))
        and re.fullmatch(r"values[-.].+\.ya?ml", posixpath.basename(p))
    ]
    if others:
        names = ", ".join(".".join(map(str, v.steps)) for v in values)
        raise Refused(
            f"{names} comes from {common}, which several environments share: {declaration.manifest.name} has no values file of"
            " its own there"
        )
    return common


def _value_files(declaration: Declaration) -> list[str]:
    """values.yaml, then the file of the target's environment."""
    manifest, files = declaration.manifest, declaration.snapshot.files
    folder = posixpath.dirname(manifest.overlay)
    common = posixpath.join(folder, "values.yaml")
    place = manifest.namespace
    names = (f"values-{place}.yaml", f"values.{place}.yaml", f"values/{place}.yaml")
    own = [p for n in names if (p := posixpath.join(folder, n)) in files and place]
    if common not in files:
        raise Refused(f"The chart in {folder} has no values.yaml")
    return [common, *own]


def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.strip(".").split("."))


def _mapping(text: str) -> Json:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}
