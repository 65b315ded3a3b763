"""What the kept library knows is struck, and look-alikes are kept."""

from __future__ import annotations

import pytest

from agent.redaction import redact

HEX = "0123456789abcdef" * 4
MIXED = "aB3" * 20
STRUCK = [
    f"AC{HEX[:32]}",
    f"SK{HEX[:32]}",
    f"{HEX[:32]}-us14",
    f"aws_secret_key_x: {(MIXED + MIXED)[:40]}",
    "AKC" + MIXED[:20],
    f"artifactory key=AP6{MIXED[:12]}",
    f"softlayer_api_key: {HEX}",
    f"cloudant_key={HEX}",
    f"ibm_cloud_iam_key = {MIXED[:44]}",
    f"cos_secret_access_key={HEX[:48]}",
    f"sq0csp-{MIXED[:43]}",
    f"MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.{MIXED[:27]}",
    f"azure storage {(MIXED * 2)[:86]}==",
    f"//npm.example.org/:_authToken={MIXED[:20]}",
    f"gldt-{MIXED[:20]}",
    f"110201543:AA{MIXED[:33]}",
    f"PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n{MIXED}\nPrivate-MAC: 0",
    f"BEGIN RSA PRIVATE KEY-----\n{MIXED}",
]
KEPT = [
    f"aws key rotated in commit {HEX[:40]}",
    f"integrity: sha512-{(MIXED * 2)[:86]}== of @azure/identity",
    "ibm-cloud-key: some-name-of-a-secret-that-is-exactly-44-long-x",
    "pod in eu-us1, region us-east-1",
    "com.shop.MyVeryLongNameOfAClassHere.invoke.someOtherMethodNameOfAClass",
    "BEGIN CERTIFICATE",
]


@pytest.mark.parametrize("text", STRUCK)
def test_what_the_library_knows_is_struck(text: str) -> None:
    once = redact(text)
    assert "[redacted]" in once
    assert not any(piece in once for piece in (HEX[:32], MIXED[:12]))
    assert redact(once) == once


@pytest.mark.parametrize("text", KEPT)
def test_look_alikes_are_kept(text: str) -> None:
    assert redact(text) == text
