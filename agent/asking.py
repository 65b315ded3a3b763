"""What an investigation asks people, after it ended: reminders, giving up, and taking it up again."""

from __future__ import annotations

from agent.house import House
from agent.model import Case, InvestigationStatus


async def remind(house: House, number: int, round_number: int) -> bool:
    """Remind the thread of the question of that round; False when it is no longer open."""
    case = await house.store.cases.load(number)
    if not _still_waits(case, round_number):
        return False
    await house.notifier.remind(case, f"remind-{number}-{round_number}")
    return True


async def give_up(house: House, number: int, round_number: int) -> None:
    """Nobody answered the question of that round: the investigation is closed, and can be taken up at any time."""
    case = await house.store.cases.load(number)
    if not _still_waits(case, round_number):
        return
    await house.store.investigations.set_status(number, InvestigationStatus.CLOSED)
    text = "Nobody answered, so I close this. Mention me here at any time to go on from where it stands."
    await house.notifier.update(case, f"gave-up-{round_number}", text)
    await house.notifier.summary(await house.store.cases.load(number))


async def taken_up(house: House, number: int, key: str) -> None:
    """Say that an ended investigation goes on; once per ``key``."""
    case = await house.store.cases.load(number)
    await house.notifier.update(
        case, f"again-{key}", "Taking it up again, with all that is known so far."
    )


def _still_waits(case: Case, round_number: int) -> bool:
    waits = case.investigation.status is InvestigationStatus.WAITING_FOR_INPUT
    return waits and case.round == round_number
