"""How a vendor's synchronous client is called."""

import asyncio
import threading
import time

import pytest

from agent.errors import AccessDenied, NotFound, Unreachable
from integrations.calls import Failure, Rejected, Vendor, seconds_of


class SdkError(Exception):
    def __init__(self, status, retry_after=None):
        super().__init__(f"status {status}")
        self.failure = Failure(f"status {status}", status, retry_after)


def vendor(**options):
    return Vendor("Acme", lambda e: getattr(e, "failure", None), **options)


def failing(*outcomes):
    """A function that raises or returns the outcomes, one a call."""
    left = list(outcomes)
    calls = []

    def function():
        calls.append(time.monotonic())
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    function.calls = calls
    return function


@pytest.mark.parametrize("status", [429, 500, 503, None])
async def test_a_read_is_tried_again_on_what_may_pass(status):
    function = failing(SdkError(status), "answer")
    assert await vendor().read("things", function) == "answer"
    assert len(function.calls) == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Rejected), (401, AccessDenied), (403, AccessDenied), (404, NotFound)],
)
async def test_a_read_is_not_tried_again_on_what_stays(status, error):
    function = failing(SdkError(status))
    with pytest.raises(error):
        await vendor().read("things", function)
    assert len(function.calls) == 1


async def test_a_read_gives_up_after_its_attempts():
    function = failing(SdkError(503))
    with pytest.raises(Unreachable, match=r"Acme could not answer just now \(503\) to see things"):
        await vendor(attempts=3).read("things", function)
    assert len(function.calls) == 3


async def test_it_waits_as_long_as_the_vendor_asks():
    function = failing(SdkError(429, retry_after=0.3), "answer")
    await vendor().read("things", function)
    assert function.calls[1] - function.calls[0] >= 0.3


async def test_it_does_not_wait_for_a_minute():
    function = failing(SdkError(429, retry_after=60))
    with pytest.raises(Unreachable, match="asks to wait 60 s"):
        await vendor().read("things", function)
    assert len(function.calls) == 1


async def test_a_write_is_never_repeated():
    function = failing(SdkError(503))
    with pytest.raises(Unreachable):
        await vendor().write("a change", function)
    assert len(function.calls) == 1


async def test_a_refusal_names_what_cannot_be_seen_and_what_to_grant():
    with pytest.raises(AccessDenied) as error:
        await vendor().read(
            "pods in production", failing(SdkError(403)), permission="`list` on pods"
        )
    assert str(error.value) == (
        "Acme does not let srebot see pods in production (403): grant `list` on pods"
    )


async def test_the_deadline_holds_whatever_the_sdk_does():
    started = time.monotonic()
    with pytest.raises(Unreachable, match=r"within 0\.2 s"):
        await vendor(deadline_seconds=0.2).read("things", time.sleep, 3.0)
    assert time.monotonic() - started < 2.5


async def test_it_runs_off_the_event_loop_and_within_its_limit():
    lock, running, most = threading.Lock(), 0, 0

    def function():
        nonlocal running, most
        assert threading.current_thread() is not threading.main_thread()
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.03)
        with lock:
            running -= 1

    acme = vendor(limit=2)
    await asyncio.gather(*(acme.read("things", function) for _ in range(8)))
    assert most == 2


async def test_an_error_that_is_not_the_vendors_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        await vendor().read("things", failing(ZeroDivisionError()))


def test_retry_after_is_read_in_seconds_only():
    assert seconds_of("2") == 2.0
    assert seconds_of("Wed, 21 Oct 2026 07:28:00 GMT") is None
    assert seconds_of(None) is None
