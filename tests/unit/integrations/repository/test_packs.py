"""What a pack may hold, and what lies in one."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import ToolError
from integrations.repository.packs import LARGEST_OBJECT_BYTES, check_pack


def pack(*entries: bytes) -> io.BytesIO:
    return io.BytesIO(
        struct.pack(">4sII", b"PACK", 2, len(entries)) + b"".join(entries) + b"\0" * 20
    )


def varint(value: int) -> bytes:
    found = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        found.append(low | (0x80 if value else 0))
        if not value:
            return bytes(found)


def entry(kind: int, body: bytes, size: int | None = None, base: bytes = b"") -> bytes:
    size = len(body) if size is None else size
    first, rest = size & 15, size >> 4
    head = bytes([(kind << 4) | first | (0x80 if rest else 0)]) + (varint(rest) if rest else b"")
    return head + base + zlib.compress(body)


def test_an_honest_pack_passes_and_is_left_at_its_start() -> None:
    file = pack(entry(3, b"hello"), entry(7, varint(5) + varint(5) + b"\x90\x05", base=b"x" * 20))
    check_pack(file)
    assert file.tell() == 0


def test_an_object_that_says_it_is_huge_is_refused() -> None:
    with pytest.raises(ToolError, match="it is not read"):
        check_pack(pack(entry(3, b"x", size=LARGEST_OBJECT_BYTES + 1)))


def test_an_object_larger_than_it_says_is_refused() -> None:
    with pytest.raises(ToolError, match="broken"):
        check_pack(pack(entry(3, b"\0" * 10_000_000, size=10)))


def test_a_delta_that_would_build_something_huge_is_refused() -> None:
    body = varint(10) + varint(LARGEST_OBJECT_BYTES * 10) + b"\x90\x05"
    with pytest.raises(ToolError, match="it is not read"):
        check_pack(pack(entry(7, body, base=b"x" * 20)))


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_bytes_of_any_kind_are_refused_in_a_sentence(data: bytes) -> None:
    for file in (io.BytesIO(data), pack(data)):
        with pytest.raises(ToolError):
            check_pack(file)
