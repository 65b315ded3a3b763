"""``helm template`` in a private folder: with a deadline, with none of our environment, and with no cluster or network to ask."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO

from agent.errors import ToolError

_SECONDS = 20.0
_MOST_BYTES = 4 * 1024 * 1024
_MEMORY_BYTES = 2 * 1024**3
_RELEASE = re.compile(r"[^a-z0-9-]+")
_WITHIN_LIMITS = (
    "import os, resource, sys\n"
    "memory, output = int(sys.argv[1]), int(sys.argv[2])\n"
    "if sys.platform == 'linux': resource.setrlimit(resource.RLIMIT_AS, (memory, memory))\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))\n"
    "os.execv(sys.argv[3], sys.argv[3:])\n"
)
"""Limits itself, then becomes the command: limits set from outside come too late for what it starts at once."""


class HelmBinary:
    """Renders charts with the ``helm`` on the PATH.

    Args:
        path: the binary.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    @classmethod
    def found(cls) -> HelmBinary | None:
        """The one on the PATH, or None."""
        path = shutil.which("helm")
        return cls(path) if path else None

    def render(self, name: str, files: Mapping[str, str]) -> str:
        """See ``integrations.repository.helm.Renderer``.

        Raises:
            ToolError: Helm does not render it within the deadline.
        """
        with tempfile.TemporaryDirectory(prefix="srebot-helm-") as folder:
            chart = Path(folder) / "chart"
            for path, text in files.items():
                _write(chart, path, text)
            return self._run(name, chart, Path(folder))

    def _run(self, name: str, chart: Path, home: Path) -> str:
        release = _RELEASE.sub("-", name.lower()).strip("-")[:50] or "release"
        output = home / "rendered.yaml"
        try:
            with output.open("wb") as file:
                code = self._wait([self._path, "template", release, str(chart)], file, home)
        except OSError as error:
            raise ToolError(f"helm does not start: {error}") from error
        if code != 0:
            raise ToolError(f"helm does not render chart {name} (exit {code})")
        return output.read_text("utf-8", "replace")[:_MOST_BYTES]

    def _wait(self, command: list[str], output: IO[bytes], home: Path) -> int | None:
        """The exit code; None when the deadline passed. Nothing that it started stays."""
        limits = [str(_MEMORY_BYTES), str(_MOST_BYTES)]
        with subprocess.Popen(  # noqa: S603 - no shell, a fixed binary, our own arguments
            [sys.executable, "-I", "-S", "-c", _WITHIN_LIMITS, *limits, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            cwd=home,
            env=_environment(home),
            start_new_session=True,
        ) as process:
            try:
                return process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                return None
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _write(chart: Path, path: str, text: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or PurePosixPath(path).is_absolute():
        return
    file = chart.joinpath(*parts)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def _environment(home: Path) -> dict[str, str]:
    """Only what Helm needs to start: no token, no kubeconfig, no plugins, no repositories of the user."""
    own = str(home)
    return {
        "PATH": os.defpath,
        "HOME": own,
        "HELM_CACHE_HOME": own,
        "HELM_CONFIG_HOME": own,
        "HELM_DATA_HOME": own,
        "HELM_PLUGINS": str(home / "no-plugins"),
        "KUBECONFIG": str(home / "no-kubeconfig"),
        # Nothing listens there: a chart that wants the network is refused at once.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
