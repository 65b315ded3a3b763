"""The one way to call a vendor's synchronous SDK: in a thread, a few at a time, within a deadline, reads retried.

Failures come out as ``agent.errors``: a refusal says what cannot be seen and which permission would show it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    wait_random_exponential,
)

from agent.errors import AccessDenied, NotFound, ToolError, Unreachable

T = TypeVar("T")

REQUEST_SECONDS = (5.0, 12.0)
"""Connect and read timeouts of one request, handed to the SDKs, so that no thread is held for long."""
_LONGEST_WAIT_SECONDS = 10.0
_BACKOFF = wait_random_exponential(multiplier=0.2, max=4.0)


class Rejected(ToolError):
    """The vendor understood the request and did not accept it (400, 409, 422)."""

    def __init__(self, message: str, status_code: int) -> None:
        super().__init__(message)
        self.status_code = status_code


@dataclass(frozen=True)
class Failure:
    """An SDK's exception in plain terms."""

    message: str
    status_code: int | None = None
    """None when there was no answer at all."""
    retry_after_seconds: float | None = None


class _Passing(Exception):
    """A failure that may pass: no answer, 429 or 5xx."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Vendor:
    """Calls one vendor.

    Args:
        name: what people call it.
        failure_of: turns an exception of its SDK into a ``Failure``; None for what is not the vendor's.
        limit: calls at the same time.
        deadline_seconds: for one call with all its retries.
        attempts: of a read, the first included.
    """

    def __init__(
        self,
        name: str,
        failure_of: Callable[[Exception], Failure | None],
        *,
        limit: int = 8,
        deadline_seconds: float = 18.0,
        attempts: int = 4,
    ) -> None:
        self.name = name
        self._failure_of = failure_of
        self._deadline_seconds = deadline_seconds
        self._attempts = attempts
        self._threads = ThreadPoolExecutor(limit, thread_name_prefix=name)

    async def read(
        self, what: str, function: Callable[..., T], *args: Any, permission: str = "", **named: Any
    ) -> T:
        """Call an idempotent function; 429, 5xx and lost connections are tried again.

        Args:
            what: what is being read, for the error's sentence (``pods in production``).
            permission: what to grant when the vendor refuses.

        Raises:
            ToolError: the vendor gave nothing; the message says why and what to do.
        """
        return await self._call(
            f"see {what}", permission, self._attempts, partial(function, *args, **named)
        )

    async def write(
        self, what: str, function: Callable[..., T], *args: Any, permission: str = "", **named: Any
    ) -> T:
        """Call a function once.

        Raises:
            ToolError: as for ``read``; ``Rejected`` carries the status code.
        """
        return await self._call(f"make {what}", permission, 1, partial(function, *args, **named))

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call(
        self, deed: str, permission: str, attempts: int, function: Callable[[], T]
    ) -> T:
        retrying = AsyncRetrying(
            stop=partial(_enough, attempts),
            wait=_wait_seconds,
            retry=retry_if_exception_type(_Passing),
            reraise=True,
        )
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await retrying(self._attempt, function)
        except _Passing as error:
            raise self._error(deed, permission, error.failure) from error
        except TimeoutError as error:
            raise Unreachable(
                f"{self.name} did not let srebot {deed} within {self._deadline_seconds:g} s"
            ) from error
        except ToolError:
            raise
        except Exception as error:
            failure = self._failure_of(error)
            if failure is None:
                raise
            raise self._error(deed, permission, failure) from error

    async def _attempt(self, function: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function)
        except Exception as error:
            failure = self._failure_of(error)
            if failure is not None and _may_pass(failure):
                raise _Passing(failure) from error
            raise

    def _error(self, deed: str, permission: str, failure: Failure) -> ToolError:
        code = failure.status_code
        if code in (401, 403):
            remedy = (
                f"grant {permission}" if permission and code == 403 else "check srebot's credential"
            )
            return AccessDenied(f"{self.name} does not let srebot {deed} ({code}): {remedy}")
        if code == 404:
            return NotFound(f"{self.name} has nothing there to {deed}: {failure.message[:200]}")
        if code is None:
            return Unreachable(f"{self.name} cannot be reached to {deed}: {failure.message[:200]}")
        if code == 429 or code >= 500:
            wait = failure.retry_after_seconds
            asked = f"; it asks to wait {wait:g} s" if wait else ""
            return Unreachable(f"{self.name} could not answer just now ({code}) to {deed}{asked}")
        return Rejected(
            f"{self.name} did not accept the request to {deed} ({code}): {failure.message[:300]}",
            code,
        )


def _may_pass(failure: Failure) -> bool:
    return failure.status_code is None or failure.status_code == 429 or failure.status_code >= 500


def _asked_seconds(state: RetryCallState) -> float | None:
    error = state.outcome.exception() if state.outcome else None
    return error.failure.retry_after_seconds if isinstance(error, _Passing) else None


def _enough(attempts: int, state: RetryCallState) -> bool:
    """Whether to give up: an investigation has better things to do than to wait for a minute."""
    asked = _asked_seconds(state) or 0.0
    return state.attempt_number >= attempts or asked > _LONGEST_WAIT_SECONDS


def _wait_seconds(state: RetryCallState) -> float:
    """What the vendor asks for, with a little jitter on top, else exponential backoff with full jitter."""
    jittered = float(_BACKOFF(state))
    asked = _asked_seconds(state)
    return jittered if asked is None else asked + min(jittered, 0.5)


def seconds_of(header: str | None) -> float | None:
    """A Retry-After header given in seconds; None for dates and nonsense."""
    try:
        return max(0.0, float(header)) if header is not None else None
    except ValueError:
        return None
