"""When the CronJobs run: their data gives the company's hours, the cluster's clock is UTC."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.world.manifests.common import inventory


def latest_run(local_time: str, hour: float, started_at: datetime) -> datetime:
    """The last full minute before ``started_at`` that fell on ``local_time`` (such as ``00:10``).

    ``hour`` is the company's hour at ``started_at``.
    """
    hours, minutes = map(int, local_time.split(":"))
    hours_ago = (hour - hours - minutes / 60) % 24
    return (started_at - timedelta(hours=hours_ago)).replace(second=0, microsecond=0)


def cron_expression(run: datetime) -> str:
    """Daily at the time of ``run``."""
    return f"{run.minute} {run.hour} * * *"


def run_name(cron_job: str, run: datetime) -> str:
    """The name of the Job that the CronJob controller makes for ``run``."""
    return f"{cron_job}-{int(run.timestamp()) // 60}"


def latest_run_names(hour: float, started_at: datetime) -> dict[str, str]:
    """The name of each CronJob's latest Job."""
    names = {}
    for name, facts in inventory()["cron_jobs"].items():
        run = latest_run(facts["local_time"], hour, started_at)
        names[name] = run_name(name, run)
    return names
