"""Only who knows the secret is heard, and what was signed long ago is not heard again."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.webhooks.verification import REPLAY_SECONDS, Sender, is_genuine
from tests.unit.bot.web.webhooks.payloads import NOW

SECRET, BODY = "s3cret", '{"title": "Grüße"}'.encode()
STAMP = str(int(NOW.timestamp()))


def digest(secret: str = SECRET, body: bytes = BODY) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def genuine(sender: Sender, headers: dict[str, str], body: bytes = BODY) -> bool:
    return is_genuine(sender, SECRET, headers, body, NOW)


GOOD = {
    Sender.DATADOG: {"x-srebot-secret": SECRET},
    Sender.PAGERDUTY: {"x-pagerduty-signature": f"v1={digest()}"},
    Sender.ALERTMANAGER: {"authorization": f"Bearer {SECRET}"},
    Sender.GRAFANA: {"x-grafana-alerting-signature": digest()},
}


@pytest.mark.parametrize("sender", list(Sender))
def test_each_sender_proves_itself_its_own_way(sender: Sender) -> None:
    assert genuine(sender, GOOD[sender])
    assert not genuine(sender, {})
    assert not is_genuine(sender, "another", GOOD[sender], BODY, NOW)


@pytest.mark.parametrize("sender", [Sender.PAGERDUTY, Sender.GRAFANA])
def test_a_signature_is_of_exactly_these_bytes(sender: Sender) -> None:
    assert not genuine(sender, GOOD[sender], BODY + b" ")


def test_pagerduty_may_sign_with_two_secrets_while_one_is_replaced() -> None:
    both = f"v1={digest('old')}, v1={digest()}"
    assert genuine(Sender.PAGERDUTY, {"x-pagerduty-signature": both})
    assert not genuine(Sender.PAGERDUTY, {"x-pagerduty-signature": f"v1={digest('old')}"})
    assert not genuine(Sender.PAGERDUTY, {"x-pagerduty-signature": digest()})
    assert not genuine(Sender.PAGERDUTY, {"x-pagerduty-signature": f"v0={digest()}"})


@pytest.mark.parametrize("scheme", ["Basic", "", "Bearer-ish"])
def test_alertmanager_sends_a_bearer_token(scheme: str) -> None:
    assert not genuine(Sender.ALERTMANAGER, {"authorization": f"{scheme} {SECRET}"})


class TestGrafanasTimestamp:
    """Where Grafana is told to send a time, the time is signed as well."""

    def signed(self, stamp: str) -> dict[str, str]:
        return {
            "x-grafana-alerting-signature": digest(body=stamp.encode() + b":" + BODY),
            "x-grafana-alerting-signature-timestamp": stamp,
        }

    def test_a_fresh_one_is_heard(self) -> None:
        assert genuine(Sender.GRAFANA, self.signed(STAMP))

    @pytest.mark.parametrize("seconds", [-REPLAY_SECONDS - 1, REPLAY_SECONDS + 1])
    def test_an_old_one_or_one_from_the_future_is_not(self, seconds: float) -> None:
        at = NOW + timedelta(seconds=seconds)
        assert not genuine(Sender.GRAFANA, self.signed(str(int(at.timestamp()))))

    def test_its_time_cannot_be_left_out_or_changed(self) -> None:
        headers = self.signed(STAMP)
        without = {k: v for k, v in headers.items() if "timestamp" not in k}
        assert not genuine(Sender.GRAFANA, without)
        later = {**headers, "x-grafana-alerting-signature-timestamp": str(int(STAMP) + 1)}
        assert not genuine(Sender.GRAFANA, later)

    @pytest.mark.parametrize("stamp", ["now", "-5", "1e9", "9" * 400, "١٢٣"])
    def test_a_time_that_is_none_is_refused(self, stamp: str) -> None:
        assert not genuine(Sender.GRAFANA, self.signed(stamp))


@given(st.sampled_from(list(Sender)), st.text(), st.text(), st.binary())
def test_whatever_is_sent_is_refused_without_the_secret(
    sender: Sender, value: str, other: str, body: bytes
) -> None:
    names = (
        "x-srebot-secret",
        "x-pagerduty-signature",
        "authorization",
        "x-grafana-alerting-signature",
    )
    headers = {**dict.fromkeys(names, value), "x-grafana-alerting-signature-timestamp": other}
    assert not is_genuine(sender, "a secret that nobody guesses", headers, body, NOW)
