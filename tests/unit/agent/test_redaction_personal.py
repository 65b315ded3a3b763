"""Personal data is struck from free text; what only looks like it is kept."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.redaction import redact, redact_data, redact_personal

STRUCK = [
    ("mail ada@example.com failed", "mail [email] failed"),
    ("GET /users?owner=ada%40example.com 500", "GET /users?owner=[email] 500"),
    ('{"user": "ada.b+x@shop.co.uk"}', '{"user": "[email]"}'),
    ("call +1 415 555 2671 now", "call [phone] now"),
    ("call +442079460958, please", "call [phone], please"),
    ("call (415) 555-2671 or 415-555-2671", "call [phone] or [phone]"),
    ("card 4111111111111111 declined", "card [card] declined"),
    ("card=5500-0000-0000-0004", "card=[card]"),
    ("card 3782 822463 10005", "card [card]"),
    ("to DE89 3704 0044 0532 0130 00 EUR 5", "to [iban] EUR 5"),
    ("to GB82WEST12345698765432.", "to [iban]."),
]
KEPT = [
    "git@github.com:shop/infra.git",
    "https://ada@git.example/shop.git",
    "root@node-1.internal, bot@shop.iam.gserviceaccount.com",
    "registry/app@sha256:0123456789abcdef, lodash@4.17.21, actions/checkout@v4",
    "U0123456 in C0123456 at 1764039600.123456",
    "10.0.12.7:8080 fe80::1 550e8400-e29b-41d4-a716-446655440000",
    "trace_id=4111111111111111",
    "trace 0af7651916cd43dd8448eb211c80319c dd.trace_id=8448261916434343",
    "2026-11-25T03:00:00+0000 2026-11-25 03:00:00+01:00 1764039600123",
    "memory +3221225472 bytes, +1415552671 B, +12 %",
    "card 4111111111111112 is no card",
    "4000 4111 1111 1111 1111 5000",
    "DE89 3704 0044 0532 0130 01",
    "Ada Lovelace is on call",
]


@pytest.mark.parametrize(("text", "kept"), STRUCK)
def test_personal_data_is_struck(text: str, kept: str) -> None:
    assert redact(text) == kept


@pytest.mark.parametrize("text", KEPT)
def test_what_is_needed_to_investigate_is_kept(text: str) -> None:
    assert redact(text) == text


def test_the_address_of_a_directory_is_kept_and_one_in_talk_is_not() -> None:
    person = {"name": "Ada", "email": "ada@example.com", "note": "ada@example.com"}
    assert redact_data(person) == {"name": "Ada", "email": "ada@example.com", "note": "[email]"}
    assert redact_data({"email": "write to ada@example.com"}) == {"email": "write to [email]"}


@given(
    st.lists(st.sampled_from([*(t for t, _ in STRUCK), *KEPT, " ", "@", "1", "+", "."])).map(
        "".join
    )
    | st.text("0123456789 -+@a.DE[]")
)
def test_striking_twice_changes_nothing(text: str) -> None:
    once = redact_personal(text)
    assert redact_personal(once) == once


def test_the_libraries_are_loaded_with_the_first_text_that_needs_them() -> None:
    seen = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from agent.redaction import redact; redact('all is well');"
            "print([m for m in ('detect_secrets', 'phonenumbers', 'requests') if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.strip() == "[]"
