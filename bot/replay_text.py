"""A past investigation, and two verdicts side by side, in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from agent.investigation.hypotheses import movements
from agent.investigation.verdicts import Verdict, asked, differing
from agent.investigation.wording import movements_text
from agent.model import Case, Hypothesis, Step
from bot.terminal import print_finding
from bot.terminal_text import escape

Boards = Sequence[tuple[int, Sequence[Hypothesis]]]
_FACTS = (
    ("ending", "Ending"),
    ("cause", "Cause"),
    ("entity", "At"),
    ("confidence", "Confidence"),
    ("headline", "Headline"),
    ("chain", "Chain"),
    ("unseen", "Could not see"),
    ("question", "Question"),
    ("reasoner", "Reasoner"),
    ("rounds", "Rounds"),
)
_MOST_CHECKS = 12


def print_run(console: Console, case: Case, boards: Boards, steps: Sequence[Step]) -> None:
    """What was looked at in each round, how the board moved, and the finding."""
    head = case.investigation
    console.print(
        f"[bold]Investigation {head.id}[/bold] {escape(case.signal.title)}  "
        f"[dim]{head.started_at:%Y-%m-%d %H:%M:%S} UTC[/dim]"
    )
    notes = sorted(case.notes, key=lambda note: note.at)
    before: Sequence[Hypothesis] = ()
    board = dict(boards)
    for number in sorted({*board, *(s.round for s in steps)}):
        console.print(f"\n[bold]{f'Round {number}' if number else 'Opening'}[/bold]")
        looked = [s for s in steps if s.round == number]
        for step in looked:
            _print_step(console, step)
        ended = max((s.started_at for s in looked), default=None)
        while notes and (ended is None or notes[0].at <= ended):
            note = notes.pop(0)
            console.print(f"  [cyan]{escape(note.user)}:[/cyan] {escape(note.text)}")
        after = board.get(number, before)
        if moved := movements_text(movements(before, after)):
            console.print("  " + escape(moved).replace("\n", "\n  "), style="dim")
        before = after
    for note in notes:
        console.print(f"  [cyan]{escape(note.user)}:[/cyan] {escape(note.text)}")
    if case.finding is not None:
        print_finding(console, case, case.finding)
    console.print()


def _print_step(console: Console, step: Step) -> None:
    """What was asked, and the first line of what came back."""
    told = step.reading.observation if step.reading else step.error
    first = told.strip().split("\n", 1)[0]
    state = "" if step.status == "ok" else f"{step.status}: "
    console.print(
        f"{step.number:>4} {escape(asked(step))} [dim]{step.seconds:.2f} s[/dim]", soft_wrap=True
    )
    shown = f"     {state}{first}"
    console.print(f"[dim]{escape(shown)}[/dim]", overflow="ellipsis", no_wrap=True)


def print_verdicts(console: Console, was: Verdict, now: Verdict) -> None:
    """Two verdicts side by side; what differs stands out."""
    changed = differing(was, now)
    table = Table(show_lines=True, expand=True)
    table.add_column("", no_wrap=True)
    table.add_column("Recorded", ratio=1)
    table.add_column("Forked", ratio=1)
    for name, title in _FACTS:
        one, other = _cell(getattr(was, name)), _cell(getattr(now, name))
        if one or other:
            table.add_row(title, one, other, style="bold" if name in changed else "dim")
    table.add_row("Checks", *_checks(was, now), style="bold" if "checks" in changed else "dim")
    console.print(table)
    if changed:
        names = dict(_FACTS) | {"checks": "Checks"}
        console.print(f"They differ in: {', '.join(names[n].lower() for n in changed)}.")
    else:
        console.print("The verdict is the same.")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0%}"
    if isinstance(value, tuple):
        return escape("\n".join(f"• {item}" for item in value))
    return escape(str(value))


def _checks(was: Verdict, now: Verdict) -> tuple[str, str]:
    """How many were asked, and those that the other did not ask."""
    return _alone(was.checks, now.checks), _alone(now.checks, was.checks)


def _alone(these: Sequence[str], others: Sequence[str]) -> str:
    only = [check for check in dict.fromkeys(these) if check not in others]
    lines = [f"{len(these)} asked", *(f"only here: {check}" for check in only[:_MOST_CHECKS])]
    if len(only) > _MOST_CHECKS:
        lines.append(f"and {len(only) - _MOST_CHECKS} more")
    return escape("\n".join(lines))
