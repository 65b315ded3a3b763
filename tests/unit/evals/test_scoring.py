"""How findings are judged: by the truth alone, on four steps, and never beyond 0 and 100."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from evals.kinds import is_right_kind, right_modes, says
from evals.scoring import Score, score
from evals.told import Proposed, Sentence, Told
from sandbox.world.parts import Entity
from sandbox.world.scenario import Truth

AUTH = Entity(kind="Deployment", name="auth")
TRUTH = Truth(
    cause="auth runs out of memory",
    kind="oom-kill",
    entity=AUTH,
    also_right=(Entity(kind="ConfigMap", name="auth-config"),),
    bystanders=(Entity(kind="Deployment", name="search"),),
    fix_kinds=("resources",),
    partial_fixes=("restart",),
)
HEALTHY = Truth(cause="nothing", kind="none", is_harmless=True)
RIGHT = Told(
    ending="cause_found",
    headline="auth is killed for lack of memory",
    mode="oom-kill",
    entity="auth",
    entity_kind="deployment",
    namespace="production",
    changes=(Proposed("resources", "auth"),),
)

names = st.sampled_from(["auth", "search", "auth-config", "auth-7f-x", ""])
proposals = st.builds(
    Proposed,
    kind=st.sampled_from(["resources", "restart", "rollback", "suspend_job", "other"]),
    name=names,
)
findings = st.builds(
    Told,
    ending=st.sampled_from(
        ["", "cause_found", "nothing_wrong", "input_needed", "budget_used", "what"]
    ),
    mode=st.sampled_from(["oom-kill", "other", "", "bad-rollout"]),
    entity=names,
    headline=st.text(max_size=40),
    changes=st.lists(proposals, max_size=3).map(tuple),
)


@given(findings, st.sampled_from([TRUTH, HEALTHY]), st.booleans())
def test_a_fix_is_one_of_the_four_steps(told: Told, truth: Truth, mends: bool) -> None:
    judged = score(told, truth, lambda _: mends)
    assert judged.fix in (0, 35, 65, 100)
    assert not judged.cause or (judged.entity and judged.kind)


@given(findings, st.floats(0, 1), st.integers(0, 99), st.text(max_size=10))
def test_it_is_judged_by_the_truth_and_not_by_how_sure_or_dear_it_is(
    told: Told, confidence: float, calls: int, reasoner: str
) -> None:
    other = replace(told, confidence=confidence, tool_calls=calls, reasoner=reasoner, usd=calls)
    assert score(told, TRUTH) == score(other, TRUTH)


@given(findings)
def test_silence_alone_is_right_where_nothing_is_wrong(told: Told) -> None:
    judged = score(told, HEALTHY)
    assert judged.cause == (told.ending in ("", "nothing_wrong"))
    assert judged.proposed_on_healthy == bool(told.changes)


def test_the_right_finding_scores_full() -> None:
    assert score(RIGHT, TRUTH) == Score(True, True, True, 100)


def test_what_mends_in_the_world_is_right_whatever_its_kind() -> None:
    told = replace(RIGHT, changes=(Proposed("replicas", "auth"),))
    assert score(told, TRUTH, lambda c: c.kind == "replicas").fix == 100


def test_the_right_cause_without_a_fix_gives_the_direction() -> None:
    assert score(replace(RIGHT, changes=()), TRUTH).fix == 65


def test_relief_is_worth_less_than_what_mends() -> None:
    assert score(replace(RIGHT, changes=(Proposed("restart", "auth"),)), TRUTH).fix == 65


def test_a_mending_change_behind_a_wrong_one_is_worth_less() -> None:
    changes = (Proposed("rollback", "search"), Proposed("resources", "auth"))
    assert score(replace(RIGHT, changes=changes), TRUTH).fix == 65


def test_the_right_cause_with_a_change_of_something_else_is_only_the_area() -> None:
    assert score(replace(RIGHT, changes=(Proposed("rollback", "search"),)), TRUTH).fix == 35


def test_the_right_entity_alone_narrows_the_search() -> None:
    judged = score(replace(RIGHT, mode="bad-rollout", changes=()), TRUTH)
    assert (judged.cause, judged.entity, judged.kind, judged.fix) == (False, True, False, 35)


def test_blaming_a_bystander_is_misleading_and_a_false_claim() -> None:
    told = replace(RIGHT, entity="search", mode="bad-rollout", changes=())
    judged = score(told, TRUTH)
    assert judged.fix == 0
    assert judged.false_claims == ("blames search, which only stood by",)


def test_a_bystander_in_the_chain_is_a_false_claim_and_ruled_out_it_is_none() -> None:
    chain = Sentence("chain", "search was rolled out before.", (1,))
    ruled_out = Sentence("ruled_out", "Not the rollout of search.", (1,))
    assert len(score(replace(RIGHT, sentences=(chain,)), TRUTH).false_claims) == 1
    assert score(replace(RIGHT, sentences=(ruled_out,)), TRUTH).false_claims == ()


def test_a_cause_where_nothing_is_wrong_is_a_false_claim() -> None:
    judged = score(RIGHT, HEALTHY)
    assert judged.false_claims
    assert judged.fix == 0


def test_a_pod_of_the_entity_counts_as_the_entity() -> None:
    told = replace(RIGHT, entity="auth-7f9c-x2", entity_kind="pod")
    assert score(told, TRUTH).entity


def test_the_same_name_elsewhere_is_another_thing() -> None:
    assert not score(replace(RIGHT, namespace="staging"), TRUTH).entity


def test_advice_in_words_counts_where_no_change_mends() -> None:
    truth = TRUTH.model_copy(update={"fix_kinds": (), "advice": ("renew|rotate", "certificate")})
    told = replace(RIGHT, changes=(), next_steps=("Renew the certificate of auth.",))
    assert score(told, truth).fix == 100
    assert score(replace(told, next_steps=("Look at the certificate.",)), truth).fix == 65


def test_kinds_are_known_by_aliases_and_by_words() -> None:
    assert "memory-limit-near" in right_modes(TRUTH)
    words = replace(RIGHT, mode="other", headline="the container was OOM killed")
    assert is_right_kind(words, TRUTH)
    assert not is_right_kind(replace(words, headline="something"), TRUTH)
    assert not is_right_kind(replace(words, mode="bad-rollout"), TRUTH)


@given(st.text(), st.lists(st.text(alphabet="ab|", max_size=5), max_size=3))
def test_every_group_of_words_has_to_be_said(text: str, groups: list[str]) -> None:
    said = says(text, groups)
    assert said == all(says(text, [group]) for group in groups)


def test_a_record_is_read_with_its_standing_proposals_only() -> None:
    target = {"name": "auth", "namespace": "production", "kind": "deployment"}
    change = {"kind": "resources", "target": target, "arguments": {"memory_bytes": 1}}
    record = {
        "investigation": {"spent": {"tool_calls": 3, "prompt_tokens": 5, "completion_tokens": 2}},
        "finding": {
            "ending": "cause_found",
            "mode": "oom_kill",
            "chain": [{"text": "it", "citations": [1]}],
        },
        "proposals": [
            {"status": "superseded", "change": {**change, "kind": "restart"}},
            {"status": "open", "change": change},
        ],
    }
    told = Told.of(record)
    assert [c.kind for c in told.changes] == ["resources"]
    assert (told.mode, told.tokens, told.tool_calls) == ("oom-kill", 7, 3)
    assert told.sentences == (Sentence("chain", "it", (1,)),)


def test_where_the_cause_cannot_be_had_saying_so_is_right() -> None:
    truth = TRUTH.model_copy(update={"ending": "input_needed", "unseen": ("configmaps",)})
    honest = Told(ending="input_needed", unseen=("could not see: configmaps (403)",))
    assert score(honest, truth).cause
    assert not score(replace(honest, unseen=()), truth).cause
    assert not score(RIGHT, truth).cause
    assert score(replace(honest, changes=RIGHT.changes), truth).fix == 0


def test_a_right_cause_has_to_say_what_it_could_not_see() -> None:
    truth = TRUTH.model_copy(update={"unseen": ("datadog",)})
    assert not score(RIGHT, truth).cause
    assert score(replace(RIGHT, unseen=("could not see: Datadog is down",)), truth).cause


def test_of_several_causes_each_has_to_be_named() -> None:
    cart = Entity(kind="Deployment", name="cart")
    truth = TRUTH.model_copy(update={"both": (AUTH, cart)})
    assert not score(RIGHT, truth).cause
    assert score(replace(RIGHT, next_steps=("a second cause: the rollout of cart",)), truth).cause
