"""The bot of the demo: ``srebot serve`` that says on standard output when it is ready, and starts with no memory."""

from __future__ import annotations

import asyncio
import sys

from pydantic import SecretStr

from agent.store import migrate
from bot.log import configure, secrets_of
from bot.runtime import database, reachable
from bot.serving import serve
from bot.settings import DatabaseSettings, Settings


def main() -> None:
    """Serve until told to stop."""
    # It forgets everything at its start, so it only ever touches its own database, whatever DATABASE_URL says.
    settings = Settings(database=DatabaseSettings(url=SecretStr("")))
    configure(settings.bot.log_level, json=settings.bot.log_json, secrets=secrets_of(settings))
    with reachable(settings.database, settings.bot) as url:
        migrate.reset(url)
    with database(settings) as url:
        asyncio.run(serve(settings, url, on_ready=_say))


def _say(pages: str) -> None:
    sys.stdout.write(f"srebot ready {pages}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
