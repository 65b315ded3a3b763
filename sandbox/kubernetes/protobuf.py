"""The few protobuf bodies that kubectl sends whatever the server speaks: access reviews, evictions.

kubectl's typed clients encode in protobuf and read JSON answers. A body is the magic ``k8s\\0``
and a ``runtime.Unknown`` whose ``raw`` holds the object (apimachinery's runtime/generated.proto).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.kubernetes.errors import bad_request

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}


@dataclass(frozen=True)
class _Message:
    """Field number -> name and type: ``str``, ``int``, or another message."""

    fields: dict[int, tuple[str, Any]]


_METADATA = _Message({1: ("name", str), 2: ("generateName", str), 3: ("namespace", str)})
_RESOURCE = ("namespace", "verb", "group", "version", "resource", "subresource", "name")
_RESOURCE_ATTRIBUTES = _Message({n: (name, str) for n, name in enumerate(_RESOURCE, 1)})
_PATH_ATTRIBUTES = _Message({1: ("path", str), 2: ("verb", str)})
_ACCESS_SPEC = _Message(
    {
        1: ("resourceAttributes", _RESOURCE_ATTRIBUTES),
        2: ("nonResourceAttributes", _PATH_ATTRIBUTES),
    }
)
_RULES_SPEC = _Message({1: ("namespace", str)})
_DELETE_OPTIONS = _Message(
    {1: ("gracePeriodSeconds", int), 4: ("propagationPolicy", str), 5: ("dryRun", [str])}
)
_KINDS = {
    "SelfSubjectAccessReview": _Message({1: ("metadata", _METADATA), 2: ("spec", _ACCESS_SPEC)}),
    "SelfSubjectRulesReview": _Message({1: ("metadata", _METADATA), 2: ("spec", _RULES_SPEC)}),
    "SelfSubjectReview": _Message({1: ("metadata", _METADATA)}),
    "Eviction": _Message({1: ("metadata", _METADATA), 2: ("deleteOptions", _DELETE_OPTIONS)}),
    "DeleteOptions": _DELETE_OPTIONS,
}
_TYPE_META = _Message({1: ("apiVersion", str), 2: ("kind", str)})
_UNKNOWN = _Message({1: ("typeMeta", _TYPE_META), 2: ("raw", bytes)})


def decode_object(body: bytes) -> dict[str, Any]:
    """The object in a protobuf body; raises ApiError 400 for other kinds or a broken encoding."""
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message")
    try:
        envelope = _decode(body[len(_MAGIC) :], _UNKNOWN)
        kind = envelope["typeMeta"]["kind"]
        decoded = _decode(envelope.get("raw", b""), _KINDS[kind])
        return {**envelope["typeMeta"], **decoded}
    except (KeyError, IndexError, UnicodeDecodeError) as error:
        raise bad_request(f"the protobuf body could not be read: {error!r}; send JSON") from error


def _decode(data: bytes, message: _Message) -> dict[str, Any]:
    decoded: dict[str, Any] = {}
    for number, value in _fields(data):
        if number not in message.fields:
            continue
        name, shape = message.fields[number]
        if isinstance(shape, list):
            decoded.setdefault(name, []).append(_value(value, shape[0]))
        else:
            decoded[name] = _value(value, shape)
    return decoded


def _value(value: int | bytes, shape: Any) -> Any:
    if isinstance(value, int) is not (shape is int):
        raise IndexError("a field has another wire type than its kind says")
    if isinstance(value, int) or shape is bytes:
        return value
    return _decode(value, shape) if isinstance(shape, _Message) else value.decode()


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers with their raw values: varints as numbers, all else as bytes."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        wire_type = tag & 7
        if wire_type == _VARINT:
            value, position = _varint(data, position)
            yield tag >> 3, value
            continue
        size = _FIXED_SIZES.get(wire_type)
        if size is None:
            size, position = _varint(data, position)
        if wire_type not in (_BYTES, *_FIXED_SIZES) or position + size > len(data):
            raise IndexError(f"field of {size} bytes of wire type {wire_type} at {position}")
        yield tag >> 3, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
