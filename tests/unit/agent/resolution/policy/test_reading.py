"""A policy file reads as what it says, or says line by line what it cannot be read as."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import SrebotError
from agent.resolution.policy import Policy, check, loaded
from agent.resolution.policy.reading import LARGEST_BYTES, read, written
from tests.unit.agent.resolution.policy.strategies import policies

EXAMPLE = Path("deploy/policy.example.yaml").read_text(encoding="utf-8")


@settings(max_examples=40)
@given(policies)
def test_a_policy_that_is_written_reads_as_the_same(policy: Policy) -> None:
    again = read(written(policy))
    assert again.problems == ()
    assert again.policy == policy
    assert again.policy.version == policy.version


@settings(max_examples=30)
@given(policies, policies)
def test_two_policies_have_the_same_version_only_if_they_are_the_same(
    one: Policy, other: Policy
) -> None:
    same = one == other and list(one.environments) == list(other.environments)
    assert (one.version == other.version) is same


def test_the_order_of_environments_is_part_of_the_version() -> None:
    one = Policy.model_validate({"environments": {"production": {}, "staging": {}}})
    other = Policy.model_validate({"environments": {"staging": {}, "production": {}}})
    assert one.version != other.version


_NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*Policy.model_fields, "rules", "kinds", "where", "x"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.text(max_size=200) | _NESTED.map(yaml.safe_dump))
def test_whatever_a_file_holds_it_is_a_policy_or_said_what_is_wrong(text: str) -> None:
    found = read(text)
    assert (found.policy is None) == bool(found.problems)
    check(text)


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_the_example_with_lines_lost_doubled_or_scrambled_is_still_answered(
    seed: int, times: int
) -> None:
    rng, lines = random.Random(seed), EXAMPLE.splitlines()
    for _ in range(times):
        place = rng.randrange(len(lines))
        match rng.randrange(3):
            case 0:
                del lines[place]
            case 1:
                lines.insert(place, lines[rng.randrange(len(lines))])
            case 2:
                cut = rng.randrange(len(lines[place]) + 1)
                lines[place] = (
                    lines[place][:cut] + rng.choice(":-[]{}*&#\t'\"0") + lines[place][cut:]
                )
    for problem in check("\n".join(lines)):
        assert problem.text
        assert 0 <= problem.line <= len(lines) + 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("- 1", "mapping"),
        ("environments: [", "cannot be read"),
        ("environments: {production: {}}\nformat: 2", "format"),
        ("a: &x 1\nb: *x", "write out what *x stands for"),
        ("environments: {}\nenvironments: {}", "line 2: 'environments' is written twice"),
        ("{}", "environments is missing"),
        ("[" * 600, "cannot be read"),
        (": " * LARGEST_BYTES, "larger than"),
    ],
)
def test_what_is_no_policy_is_said(text: str, says: str) -> None:
    assert any(says in str(p) for p in check(text))


def test_a_file_with_something_wrong_is_not_loaded(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    with pytest.raises(SrebotError, match="cannot be read"):
        loaded(file)
    file.write_text("environments: {production: {rules: [{name: a, kinds: [reboot]}]}}")
    with pytest.raises(SrebotError, match="Unknown kind 'reboot'"):
        loaded(file)
    file.write_text(EXAMPLE)
    assert "production" in loaded(file).environments
