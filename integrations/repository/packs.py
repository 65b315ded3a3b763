"""A pack measured before it is unpacked: what a small download would grow to.

Every object of a pack says its size first, but a pack may lie, and may hold deltas that build gigabytes from a few bytes.
So all is inflated once and thrown away, a piece at a time, and the sizes that deltas promise are read from their heads.
"""

from __future__ import annotations

import struct
import zlib
from typing import IO

from agent.errors import ToolError

LARGEST_OBJECT_BYTES = 32 * 1024 * 1024
MOST_INFLATED_BYTES = 768 * 1024 * 1024
MOST_OBJECTS = 400_000
_OFFSET_DELTA, _REFERENCE_DELTA = 6, 7
_PIECE = 64 * 1024
_HASH_BYTES = 20


def check_pack(file: IO[bytes]) -> None:
    """Read a pack through to see that it may be unpacked; leaves the file at its start.

    Raises:
        ToolError: it is broken, or would grow beyond the limits.
    """
    file.seek(0)
    try:
        signature, _, count = struct.unpack(">4sII", file.read(12))
        if signature != b"PACK":
            raise ToolError("what the Git server sent is no pack")
        if count > MOST_OBJECTS:
            raise ToolError(f"the repository has {count} objects; at most {MOST_OBJECTS} are read")
        total = 0
        for _ in range(count):
            total += _object(file)
            if total > MOST_INFLATED_BYTES:
                raise ToolError("the repository is too large to be read")
    except (struct.error, zlib.error, EOFError, IndexError) as error:
        raise ToolError(f"what the Git server sent is broken: {error}") from error
    file.seek(0)


def _object(file: IO[bytes]) -> int:
    """Skips one object; returns the larger of its inflated size and, of a delta, what it builds."""
    byte = _byte(file)
    kind, size, shift = (byte >> 4) & 7, byte & 15, 4
    while byte & 0x80:
        byte = _byte(file)
        size |= (byte & 0x7F) << shift
        shift += 7
    _refuse_above(size)
    if kind == _OFFSET_DELTA:
        while _byte(file) & 0x80:
            pass
    elif kind == _REFERENCE_DELTA:
        file.read(_HASH_BYTES)
    head = _skip_stream(file, size)
    if kind in (_OFFSET_DELTA, _REFERENCE_DELTA):
        _, rest = _varint(head, 0)
        built, _ = _varint(head, rest)
        _refuse_above(built)
        return max(size, built)
    return size


def _skip_stream(file: IO[bytes], size: int) -> bytes:
    """Inflates a zlib stream piece by piece and leaves the file behind it; returns its first bytes."""
    inflate = zlib.decompressobj()
    head, seen, pending = b"", 0, b""
    while not inflate.eof:
        pending = pending or file.read(_PIECE)
        if not pending:
            raise EOFError("it ends within an object")
        piece = inflate.decompress(pending, _PIECE)
        pending = inflate.unconsumed_tail
        seen += len(piece)
        head = head or piece[:32]
        if seen > size:
            raise zlib.error("an object is larger than it says")
    file.seek(-len(inflate.unused_data), 1)
    return head


def _byte(file: IO[bytes]) -> int:
    read = file.read(1)
    if not read:
        raise EOFError("it ends early")
    return read[0]


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, position


def _refuse_above(size: int) -> None:
    if size > LARGEST_OBJECT_BYTES:
        raise ToolError(f"the repository holds an object of {size} bytes; it is not read")
