"""The third column: a bare model with one minimal prompt and the same tools, and no harness of ours around it.

This side starts it and reads what it handed in; ``evals.bare_bot`` is the process.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from evals.processes import Company, PlayError, Process

_POLL_SECONDS = 0.1


def play(
    company: Company, folder: Path, model: Mapping[str, str], alert: str, seconds: float
) -> tuple[Mapping[str, Any], Callable[[int], str | None]]:
    """Let the model investigate an alert.

    Returns:
        What it handed in, in the form of a record, and the stored bytes behind a citation.

    Raises:
        PlayError: it did not hand anything in.
    """
    told, asked = folder / "bare.json", folder / "alert.txt"
    asked.write_text(alert, encoding="utf-8")
    settings = {**company.settings(), **model, "SREBOT_DATA_FOLDER": str(folder / "data")}
    process = Process(
        ["-m", "evals.bare_bot", str(asked), str(told)], settings, folder / "bare.log"
    )
    end = time.monotonic() + seconds
    try:
        while process.running and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
    finally:
        process.stop()
    if not told.exists():
        raise PlayError(f"the bare model handed nothing in:\n{process.tail()}")
    record: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    answers = {step["number"]: step.pop("raw", "") for step in record.get("steps", ())}
    return record, lambda citation: answers.get(citation) or None
