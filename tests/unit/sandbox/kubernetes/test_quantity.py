from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.kubernetes.quantity import QuantityError, parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("250m", "0.25"),
        ("1.5Gi", str(3 * 2**29)),
        ("2e3", "2000"),
        ("1E", str(10**18)),
        ("12E2", "1200"),
        (".5", "0.5"),
        ("-1k", "-1000"),
        (4, "4"),
    ],
)
def test_quantities_mean_numbers(text: str | int, value: str) -> None:
    assert parse_quantity(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "lots", "1 Gi", "1GB", "1ki", "--1", "Mi"])
def test_other_texts_are_none(text: str) -> None:
    with pytest.raises(QuantityError):
        parse_quantity(text)


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(QuantityError):
        assert isinstance(parse_quantity(text), Decimal)
