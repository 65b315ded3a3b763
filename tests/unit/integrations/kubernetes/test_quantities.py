"""Quantities there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.kubernetes.quantities import amount, cpu_quantity, memory_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500m", 0.5),
        ("2", 2.0),
        ("16Gi", 16 * 2**30),
        ("1G", 1e9),
        ("1.5Mi", 1.5 * 2**20),
        ("128974848", 128974848.0),
        (None, None),
        ("many", None),
    ],
)
def test_quantities_are_read(text, value):
    assert amount(text) == value


@given(st.integers(2**24, 2**45))
def test_memory_is_written_so_that_it_holds_at_least_what_was_meant(size):
    assert size <= amount(memory_quantity(size)) < size + 2**20


@given(st.integers(1, 10**6))
def test_cpu_is_written_to_the_thousandth(thousandths):
    assert amount(cpu_quantity(thousandths / 1000)) == pytest.approx(thousandths / 1000)
