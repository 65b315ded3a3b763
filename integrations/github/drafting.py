"""A change as edits of one file: worked out, tried on the files, and taken only when nothing else becomes another."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from agent.errors import Refused
from agent.model import Change, ChangeKind, Json
from integrations.github.charts import chart_edits
from integrations.github.declared import Declaration, differences, with_file
from integrations.github.editing import Setting, Step, Steps, value_at
from integrations.github.places import FileEdit, kustomize_edits
from integrations.kubernetes import edits, platform_edits
from integrations.kubernetes.quantities import amount
from integrations.repository.graph import manifests_of

_DIFF_CONTEXT = 1
"""Lines around a change: people read the diff on a phone."""
_LIST_KEY = "name"
EXPRESSIBLE = frozenset(
    {
        ChangeKind.RESOURCES,
        ChangeKind.REPLICAS,
        ChangeKind.IMAGE,
        ChangeKind.HPA_BOUNDS,
        ChangeKind.CONFIG_VALUE,
        ChangeKind.SUSPEND_JOB,
        ChangeKind.RESUME_JOB,
        ChangeKind.ROLLBACK,
    }
)
"""The kinds of change that files can say; the others are done once, to what runs, and no controller takes them back."""


class Draft(NamedTuple):
    """A change of one file."""

    edit: FileEdit
    before: str
    summary: str
    way_back: Change

    @property
    def diff(self) -> str:
        """Unified, with the paths of the repository."""
        return "".join(
            difflib.unified_diff(
                self.before.splitlines(keepends=True),
                self.edit.text.splitlines(keepends=True),
                f"a/{self.edit.path}",
                f"b/{self.edit.path}",
                n=_DIFF_CONTEXT,
            )
        )


class Wanted(NamedTuple):
    """The fields that a change sets, in words and with the way back."""

    settings: tuple[Setting, ...]
    summary: str
    way_back: Change


def wanted_of(change: Change, item: Json) -> Wanted:
    """The fields of an object that a change sets.

    Args:
        change: of a kind that is ``EXPRESSIBLE``, but no rollback.
        item: the object as it is declared; as it is in the cluster for one that a chart makes.

    Raises:
        Refused: outside the bounds, or not possible for this kind.
    """
    draft = _draft(change, item)
    settings = tuple(_settings_of(draft.edits[0].body))
    return Wanted(settings, draft.summary, draft.way_back)


def draft_of(declaration: Declaration, wanted: Wanted) -> Draft:
    """The smallest edit that sets the fields of the target and of nothing else.

    Raises:
        Refused: there is none.
    """
    manifest, snapshot = declaration.manifest, declaration.snapshot
    if declaration.by_chart:
        candidates = chart_edits(declaration, wanted.settings)
        fits = _changes_something
    else:
        candidates = kustomize_edits(declaration, wanted.settings)
        fits = _sets_that_alone
    for edit in candidates:
        if fits(declaration, edit, wanted.settings):
            before = snapshot.files[edit.path]
            return Draft(edit, before, wanted.summary, wanted.way_back)
    if _holds(manifest.item, wanted.settings):
        raise Refused(f"{manifest.path} says so already; the cluster does not run what is declared")
    raise Refused(
        f"I find no edit in {manifest.path} or its overlay that would change {manifest.kind} {manifest.name} alone"
    )


def former_template(declaration: Declaration, earlier: Declaration) -> tuple[Setting, ...]:
    """What the pod template of an earlier version says otherwise, as fields; empty when more than values differ."""
    place = ("spec", "template")
    now, then = (value_at(d.manifest.item, place) for d in (declaration, earlier))
    if not isinstance(now, dict) or not isinstance(then, dict):
        return ()
    before, after = dict(_leaves(now, place)), dict(_leaves(then, place))
    if before.keys() != after.keys():
        return ()
    return tuple(Setting(k, v) for k, v in after.items() if v != before[k])


def same_value(one: Any, other: Any) -> bool:
    """Whether two values mean the same: quantities by their amounts."""
    if one == other or str(one) == str(other):
        return True
    try:
        return amount(one) is not None and amount(one) == amount(other)
    except (TypeError, ValueError):
        return False


def _draft(change: Change, item: Json) -> edits.Draft:
    match change.kind:
        case ChangeKind.RESOURCES:
            return edits.resources(change, item)
        case ChangeKind.REPLICAS:
            return edits.replicas(change, item)
        case ChangeKind.IMAGE:
            # Whether it ever ran here, the cluster's own dry run says.
            return edits.image(change, item, {str(change.arguments.get("image"))})
        case ChangeKind.CONFIG_VALUE:
            return edits.config_value(change, item, None)
        case ChangeKind.SUSPEND_JOB | ChangeKind.RESUME_JOB:
            return edits.suspension(change, item, [])
        case ChangeKind.HPA_BOUNDS:
            return platform_edits.hpa_bounds(change, item)
    raise Refused(f"{change.kind.value} cannot be said in the repository's files.")


def _settings_of(body: Any, steps: Steps = ()) -> Iterator[Setting]:
    """The leaves of a strategic merge patch."""
    if isinstance(body, dict):
        for key, value in body.items():
            if key != _LIST_KEY or not steps or not isinstance(steps[-1], tuple):
                yield from _settings_of(value, (*steps, key))
    elif isinstance(body, list):
        for item in body:
            yield from _settings_of(item, (*steps, (_LIST_KEY, item[_LIST_KEY])))
    else:
        yield Setting(steps, body)


def _leaves(data: Any, steps: Steps) -> Iterator[tuple[Steps, Any]]:
    """Every value below, lists of named things by their names, other lists as one value."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _leaves(value, (*steps, str(key)))
    elif (
        isinstance(data, list)
        and data
        and all(isinstance(i, dict) and _LIST_KEY in i for i in data)
    ):
        for item in data:
            step: Step = (_LIST_KEY, str(item[_LIST_KEY]))
            yield from _leaves(item, (*steps, step))
    else:
        yield steps, data


def _changes_something(
    declaration: Declaration, edit: FileEdit, settings: Sequence[Setting]
) -> bool:
    """A chart's values are not evaluated here: what they set was looked up in the template."""
    return edit.text != declaration.snapshot.files[edit.path]


def _sets_that_alone(declaration: Declaration, edit: FileEdit, settings: Sequence[Setting]) -> bool:
    """Whether the files, evaluated with the edit, declare the target with the fields set and all else as before."""
    manifest = declaration.manifest
    tried = with_file(declaration.snapshot, edit.path, edit.text)
    changed = differences(declaration.everything, manifests_of(tried))
    if len(changed) != 1:
        return False
    before, after = changed[0]
    if before is None or after is None or before.item != manifest.item:
        return False
    if not _holds(after.item, settings):
        return False
    fields = {s.steps for s in settings}
    return _rest(before.item, fields) == _rest(after.item, fields)


def _holds(item: Json, settings: Sequence[Setting]) -> bool:
    return all(
        value_at(item, s.steps) is None
        if s.value is None
        else same_value(value_at(item, s.steps), s.value)
        for s in settings
    )


def _rest(item: Json, fields: set[Steps]) -> dict[Steps, Any]:
    return {steps: value for steps, value in _leaves(item, ()) if steps not in fields}
