"""Failure modes of images that cannot be pulled."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.model import Change, ChangeKind, Json
from agent.reasoning.modes.changes import workload_entity
from agent.reasoning.modes.mode import DECISIVE, STRONG, Mode, Sign
from agent.reasoning.modes.pods import (
    COARSE,
    RUNS,
    any_failing,
    came_with_rollout,
    counted,
    failing,
    pod_checks,
    pods_of,
    quoted,
    rollback_fix,
    rollout_behind,
    told,
)
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View

_REASONS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_REFUSED = (
    r"unauthorized|authentication required|authorization failed|no basic auth|denied"
    r"|failed to authorize|\b401\b|\b403\b"
)
_ABSENT = r"not found|manifest unknown|does not exist|name unknown|invalid reference|couldn't parse"


def _unpulled(target: Target, view: View) -> list[Json]:
    return [p for p in failing(target, view) if p.get("reason") in _REASONS]


def _is_refused(pod: Json) -> bool:
    return bool(re.search(_REFUSED, str(pod.get("message")), re.IGNORECASE))


def _signs(target: Target, view: View, *, refused: bool) -> Iterator[Sign]:
    pods = pods_of(target, view)
    if pods is None:
        return
    unpulled = _unpulled(target, view)
    if not unpulled:
        yield Sign(pods[0], f"the images of {target.name} could be pulled", -DECISIVE)
        return
    mine = [p for p in unpulled if _is_refused(p) is refused]
    if not mine:
        said = quoted(unpulled[0].get("message"))
        yield Sign(pods[0], f'the registry says of the image: "{said}"', -DECISIVE)
        return
    image = (mine[0].get("images") or [""])[0]
    why = "the registry refuses it" if refused else "the registry does not have it"
    text = f'{counted(target, view, mine)} wait for their image {image}, {why}: "{quoted(mine[0]["message"])}"'
    yield Sign(pods[0], text, DECISIVE)
    yield from told(target, view, ("Failed",), _REFUSED if refused else _ABSENT, STRONG)
    yield from came_with_rollout(target, view, "image:")


def _absent_signs(target: Target, view: View) -> Iterator[Sign]:
    yield from _signs(target, view, refused=False)


def _refused_signs(target: Target, view: View) -> Iterator[Sign]:
    yield from _signs(target, view, refused=True)


def _absent_fixes(target: Target, view: View) -> Iterator[Change]:
    """Back; where the rollout changed nothing but the image, or is not known, only the image that ran last."""
    lines = _changed_lines(target, view)
    image = tuple(_last_image(target, view))
    if lines and not all("image:" in line for line in lines):
        yield from rollback_fix(target, view)
        yield from image
    else:
        yield from image
        yield from rollback_fix(target, view)


def _changed_lines(target: Target, view: View) -> list[str]:
    found = rollout_behind(target, view)
    diff = str(found[1].get("diff") or "") if found else ""
    return [line for line in diff.splitlines() if line.startswith(("+", "-"))]


def _last_image(target: Target, view: View) -> Iterator[Change]:
    """The image that its ready pods run, for the container that cannot have its own."""
    workload, unpulled = view.workload(target), _unpulled(target, view)
    if workload is None or not unpulled:
        return
    containers = [c["name"] for c in workload.data.get("containers") or []]
    ready = [p for p in workload.data.get("pods") or [] if p.get("ready")]
    name = unpulled[0].get("container")
    if name not in containers or not ready:
        return
    images = ready[0].get("images") or []
    place = containers.index(name)
    if place < len(images) and images[place] != workload.data["containers"][place].get("image"):
        step = f"step:{workload.step}"
        yield Change(
            kind=ChangeKind.IMAGE,
            target=workload_entity(workload),
            arguments={"container": name, "image": images[place]},
            provenance={"target": step, "container": step, "image": step},
        )


def _absent_advice(target: Target, view: View) -> Iterator[str]:
    for pod in _unpulled(target, view)[:1]:
        image = (pod.get("images") or [""])[0]
        yield f"Push the image {image}, or have {target.name} name a tag that the registry has"


def _refused_advice(target: Target, view: View) -> Iterator[str]:
    for pod in _unpulled(target, view)[:1]:
        registry = str((pod.get("images") or [""])[0]).partition("/")[0]
        yield (
            f"Renew the credentials by which the cluster pulls from {registry}"
            f" (the image pull secret of {target.name}); the pods that run keep their image meanwhile"
        )


def _refused_fixes(target: Target, view: View) -> Iterator[Change]:
    """A rollback helps only if the rollout brought another registry or repository."""
    found, pods = rollout_behind(target, view), _unpulled(target, view)
    if found is None or not pods:
        return
    repositories = {
        line[1:].partition("image:")[2].strip().rpartition(":")[0]
        for line in str(found[1].get("diff") or "").splitlines()
        if "image:" in line
    }
    if len(repositories) > 1:
        yield from rollback_fix(target, view)


MODES = (
    Mode(
        id="image_name_or_tag",
        short="an image that does not exist",
        words=frozenset({"image", "tag"}),
        statement="the image that {name} names does not exist in its registry",
        prior=-2.0,
        flavours=RUNS,
        arises=any_failing,
        refines=COARSE,
        checks=pod_checks,
        signs=_absent_signs,
        fixes=_absent_fixes,
        advice=_absent_advice,
    ),
    Mode(
        id="image_credentials",
        short="refused credentials for the image",
        words=frozenset({"registry", "credentials"}),
        statement="the registry refuses the credentials by which the image of {name} is pulled",
        prior=-2.2,
        flavours=RUNS,
        arises=any_failing,
        refines=COARSE,
        checks=pod_checks,
        signs=_refused_signs,
        fixes=_refused_fixes,
        advice=_refused_advice,
    ),
)
