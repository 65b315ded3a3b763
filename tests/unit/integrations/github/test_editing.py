"""Values set in YAML text: the value changes, and no other byte does."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from integrations.github.editing import (
    NotEditable,
    Setting,
    Steps,
    value_at,
    with_item,
    with_settings,
)

DEPLOYMENT = """\
# What cart gets.
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}   # as everywhere
spec:
  replicas: 3    # one for each zone
  template:
    spec:
      containers:
          - name:  cart
            image: "registry.example/cart:1.0"

            resources:
                limits: {cpu: '2', memory: 1Gi}  # the heap is 768Mi
                requests:
                    cpu: 500m
          - name: proxy
            resources:
              limits:
                memory: 64Mi
---
kind: ConfigMap
metadata:
  name: cart-config
data:
  POOL_SIZE: '50'  # connections
  LEVEL: info
"""
CONTAINER: Steps = ("spec", "template", "spec", "containers", ("name", "cart"))


def changed_lines(before: str, after: str) -> list[tuple[str, str]]:
    """The lines that differ, of texts with as many lines."""
    old, new = before.split("\n"), after.split("\n")
    assert len(old) == len(new)
    return [(a, b) for a, b in zip(old, new, strict=True) if a != b]


@pytest.mark.parametrize(
    ("steps", "value", "document", "line"),
    [
        (("spec", "replicas"), 5, 0, "  replicas: 5    # one for each zone"),
        (
            (*CONTAINER, "resources", "limits", "memory"),
            "1536Mi",
            0,
            "                limits: {cpu: '2', memory: 1536Mi}  # the heap is 768Mi",
        ),
        (
            (*CONTAINER, "resources", "limits", "cpu"),
            "3",
            0,
            "                limits: {cpu: '3', memory: 1Gi}  # the heap is 768Mi",
        ),
        (
            (*CONTAINER, "image"),
            "registry.example/cart:1.1",
            0,
            '            image: "registry.example/cart:1.1"',
        ),
        (("data", "POOL_SIZE"), "60", 1, "  POOL_SIZE: '60'  # connections"),
        (("data", "LEVEL"), "true", 1, "  LEVEL: 'true'"),
    ],
)
def test_a_value_keeps_its_quotes_and_its_comment(
    steps: Steps, value: Any, document: int, line: str
) -> None:
    after = with_settings(DEPLOYMENT, [Setting(steps, value)], document)
    assert [new for _, new in changed_lines(DEPLOYMENT, after)] == [line]


def test_a_new_key_comes_in_lines_of_its_own_beside_its_siblings() -> None:
    steps = (*CONTAINER, "resources", "requests", "memory")
    after = with_settings(DEPLOYMENT, [Setting(steps, "512Mi")])
    added = "                    cpu: 500m\n                    memory: 512Mi\n"
    assert after == DEPLOYMENT.replace("                    cpu: 500m\n", added)


def test_keys_that_lead_to_a_new_value_are_made() -> None:
    steps = ("resources", "limits", "memory")
    after = with_settings("replicaCount: 2  # zones\n# end\n", [Setting(steps, "1Gi")])
    assert after == "replicaCount: 2  # zones\nresources:\n  limits:\n    memory: 1Gi\n# end\n"


def test_a_file_that_does_not_end_with_a_line_gets_its_end() -> None:
    assert with_settings("a: 1", [Setting(("b",), "x")]) == "a: 1\nb: x\n"


def test_a_key_is_taken_away_with_its_line() -> None:
    steps = ("data", "LEVEL")
    after = with_settings(DEPLOYMENT, [Setting(steps, None)], 1)
    assert after == DEPLOYMENT.replace("  LEVEL: info\n", "")


def test_windows_line_ends_stay() -> None:
    text = "a: 1 # x\r\nb:\r\n  c: '2'\r\n"
    after = with_settings(text, [Setting(("b", "c"), "3"), Setting(("b", "d"), "4")])
    assert after == "a: 1 # x\r\nb:\r\n  c: '3'\r\n  d: '4'\r\n"


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a: |\n  text\n", ("a",)),
        ("a: &one 5\nb: *one\n", ("a",)),
        ("a: [1, 2]\n", ("a",)),
        ("a: {b: 1\n", ("a", "b")),
        ("- 1\n", ("a",)),
        ("a: 1\n", ("b", ("name", "x"), "c")),
        ("", ("a",)),
    ],
)
def test_what_cannot_be_edited_alone_is_refused(text: str, steps: Steps) -> None:
    with pytest.raises(NotEditable):
        with_settings(text, [Setting(steps, "new")])


def test_an_item_is_put_at_the_end_of_a_list() -> None:
    text = "patches:\n  - path: a.yaml  # first\n# and so on\nreplicas: []\n"
    after = with_item(text, ("patches",), "patch: |-\n  kind: X")
    item = "  - patch: |-\n      kind: X\n"
    assert after == text.replace("# first\n", f"# first\n{item}")


def test_a_list_is_made_where_there_is_none() -> None:
    after = with_item("kind: Kustomization\n", ("patches",), "path: a.yaml")
    assert after == "kind: Kustomization\npatches:\n- path: a.yaml\n"


# --- any file ------------------------------------------------------------------------------------

NAMES = st.text("abcdefgh", min_size=1, max_size=6)
SCALARS = st.one_of(
    st.integers(0, 10_000),
    st.booleans(),
    st.sampled_from(
        ["1Gi", "500m", "a b", "x: y", "# no", "'", '"', "", "yes", "1e3", "é", "null"]
    ),
    st.text(max_size=12),
)
COMMENTS = st.sampled_from(["", "", "  # why", " # 'quoted'", "   #"])
TREES = st.recursive(
    SCALARS, lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=4), max_leaves=12
)


def leaves(data: Any, steps: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(data, dict):
        return [steps]
    return [found for key, value in data.items() for found in leaves(value, (*steps, key))]


def written(data: dict[str, Any], draw: Any, indent: int = 0) -> str:
    """YAML as people write it: comments, blank lines, quotes and widths at will."""
    lines: list[str] = []
    for key, value in data.items():
        pad = " " * indent
        if draw(st.booleans()):
            lines.append(f"{pad}# about {key}")
        comment = draw(COMMENTS)
        if isinstance(value, dict):
            lines.append(f"{pad}{key}:{comment}")
            lines.append(written(value, draw, indent + draw(st.sampled_from([1, 2, 4]))))
        else:
            dumped = yaml.safe_dump(
                value,
                default_style=draw(st.sampled_from([None, "'", '"']))
                if isinstance(value, str)
                else None,
                width=100_000,
                allow_unicode=True,
            )
            text = dumped.removesuffix("\n").removesuffix("\n...")
            lines.append(f"{pad}{key}:{' ' * draw(st.integers(1, 3))}{text}{comment}")
    return "\n".join(lines)


@given(st.data())
def test_in_any_file_one_value_changes_and_every_other_byte_stays(data: st.DataObject) -> None:
    tree = data.draw(st.dictionaries(NAMES, TREES, min_size=1, max_size=5))
    text = written(tree, data.draw) + data.draw(st.sampled_from(["", "\n", "\n# end\n", "\n\n"]))
    loaded = yaml.safe_load(text)
    steps = data.draw(st.sampled_from(leaves(tree)))
    value = data.draw(st.one_of(SCALARS.filter(lambda v: not isinstance(v, float))))
    try:
        after = with_settings(text, [Setting(steps, value)])
    except NotEditable:
        old = value_at(loaded, steps)
        assert isinstance(old, str) and "\n" in text[1:]  # a text that YAML folds over lines
        return
    # The one stretch that differs lies where the value was, on its own line.
    start = next(
        (i for i, (a, b) in enumerate(zip(text, after, strict=False)) if a != b),
        min(len(text), len(after)),
    )
    rest = 0
    while rest < min(len(text), len(after)) - start and text[-1 - rest] == after[-1 - rest]:
        rest += 1
    assert "#" not in text[start : len(text) - rest].split("\n")[0] or "#" in str(
        value_at(loaded, steps)
    )
    assert text[start : len(text) - rest].count("\n") == after[start : len(after) - rest].count(
        "\n"
    )

    def expected(found: Any, at: tuple[str, ...]) -> Any:
        head, *others = at
        inner = value if not others else expected(found[head], tuple(others))
        return {**found, head: inner}

    changed = yaml.safe_load(after)
    assert str(value_at(changed, steps)) == str(value)
    assert expected(changed, steps) == expected(loaded, steps)


@given(
    names=st.lists(NAMES, min_size=1, max_size=4, unique=True),
    memory=st.integers(16, 4096),
    wide=st.sampled_from([0, 2]),
)
def test_a_container_among_others_is_the_one_that_changes(
    names: list[str], memory: int, wide: int
) -> None:
    items = "".join(
        textwrap.indent(
            f"- name: {n}\n  resources:\n    limits:\n      memory: 1Gi # {n}\n", " " * (4 + wide)
        )
        for n in names
    )
    text = f"spec:\n    containers:\n{items}"
    steps: Steps = ("spec", "containers", ("name", names[-1]), "resources", "limits", "memory")
    after = with_settings(text, [Setting(steps, f"{memory}Mi")])
    ((old, new),) = changed_lines(text, after)
    assert old.replace("1Gi", f"{memory}Mi") == new
    assert new.endswith(f"# {names[-1]}")
