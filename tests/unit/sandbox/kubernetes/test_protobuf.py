from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.kubernetes.errors import ApiError
from sandbox.kubernetes.protobuf import decode_object


def field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, len(value)]) + value


def envelope(kind: bytes, raw: bytes) -> bytes:
    type_meta = field(1, b"authorization.k8s.io/v1") + field(2, kind)
    return b"k8s\x00" + field(1, type_meta) + field(2, raw)


def test_an_access_review_is_read() -> None:
    attributes = field(1, b"production") + field(2, b"list") + field(5, b"pods")
    body = envelope(b"SelfSubjectAccessReview", field(2, field(1, attributes)))
    assert decode_object(body) == {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {
            "resourceAttributes": {"namespace": "production", "verb": "list", "resource": "pods"}
        },
    }


def test_a_kind_that_it_does_not_know_is_refused() -> None:
    with pytest.raises(ApiError, match="send JSON"):
        decode_object(envelope(b"Job", b""))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for body in (data, b"k8s\x00" + data, envelope(b"Eviction", data)):
        try:
            assert isinstance(decode_object(body), dict)
        except ApiError as error:
            assert error.code == 400
