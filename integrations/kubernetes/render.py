"""Kubernetes data as the compact text that people and models are shown."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model import Json
from integrations.kubernetes.pruning import pod_lines
from integrations.text import clock, number, size


def workload_lines(data: Json) -> Iterator[str]:
    """A workload: what is set, what is there, what is wrong."""
    replicas = data["replicas"]
    head = f"{data['kind']} {data['namespace']}/{data['name']}"
    if replicas:
        head += (
            f": {replicas['ready']}/{replicas['desired']} ready,"
            f" {replicas['updated']} updated, {replicas['available']} available"
        )
    if (data["rollout"] or {}).get("paused"):
        head += ", ROLLOUT PAUSED"
    yield head
    if data["schedule"]:
        running = ", ".join(
            f"{j['name']} since {clock(j['started_at'])}" for j in data["active_jobs"]
        )
        yield (
            f"schedule {data['schedule']}, {'SUSPENDED' if data['suspended'] else 'not suspended'},"
            f" last run {clock(data['last_schedule_at'])}, active: {running or 'none'}"
        )
    for container in data["containers"]:
        yield _container_line(container)
    for condition in data["conditions"]:
        yield (
            f"condition {condition['type']}={condition['status']} {condition['reason'] or ''}"
            f" {condition['message'] or ''} ({clock(condition['at'])})"
        )
    yield from pod_lines(data["pods"], pod_line)
    if scaler := data["autoscaler"]:
        yield (
            f"autoscaler {scaler['name']}: {scaler['min']}-{scaler['max']} replicas, now"
            f" {scaler['current']}, wants {scaler['desired']}; {scaler['metrics_text']}"
            + "".join(f", {why}" for why in (scaler["limited"], scaler["inactive"]) if why)
        )
    if budget := data["disruption_budget"]:
        yield f"disruption budget {budget['name']}: {budget['allowed']} disruptions allowed now"
    yield f"config maps: {', '.join(data['config_maps']) or 'none'}; secrets: {', '.join(data['secrets']) or 'none'}"
    for container in data["containers"]:
        yield from _setting_lines(container)


def _container_line(container: Json) -> str:
    requests, limits = container["requests"], container["limits"]
    return (
        f"container {container['name']} image {container['image']}"
        f" requests cpu {number(requests['cpu_cores'])} memory {size(requests['memory_bytes'])}"
        f" limits cpu {number(limits['cpu_cores'])} memory {size(limits['memory_bytes'])}"
    )


def _setting_lines(container: Json) -> Iterator[str]:
    """Arguments and environment, which may be long."""
    if container["args"]:
        yield f"args of {container['name']}: {' '.join(container['args'])}"
    for name, source in container["env"].items():
        text = source.get("value")
        if text is None:
            text = "from " + " ".join(f"{k} {v}" for k, v in source.items())
        yield f"env of {container['name']}: {name}={text}"


def pod_line(pod: Json) -> str:
    """A pod on one line."""
    text = (
        f"pod {pod['name']} {pod['phase']}{'' if pod['ready'] else ' NOT READY'},"
        f" restarts {pod['restarts']}, node {pod['node']}, started {clock(pod['started_at'])}"
    )
    if pod["terminating"]:
        text += ", TERMINATING"
    if pod["reason"]:
        text += f", {pod['reason']}"
        if pod["container"]:
            text += f" of container {pod['container']}"
        if pod["message"]:
            text += f": {pod['message']}"
    if last := pod["last_state"]:
        text += f", last ended {last['reason']} (exit {last['exit_code']}) at {clock(last['finished_at'])}"
        if last["message"]:
            text += f": {last['message']}"
    return text


def rollout_line(rollout: Json) -> str:
    """A rollout with the decisive lines of its diff."""
    changed = "; ".join(" ".join(line.split()) for line in rollout["diff"].splitlines()[:12])
    return (
        f"{clock(rollout['at'])} {rollout['kind']} {rollout['workload']} revision {rollout['revision']}"
        f" {rollout['change_cause']}: {changed or ', '.join(map(str, rollout['images']))}"
    )


def job_lines(data: Json) -> Iterator[str]:
    """CronJobs, then runs."""
    for cron in data["cron_jobs"]:
        active = ", ".join(f"{j['name']} since {clock(j['started_at'])}" for j in cron["active"])
        yield (
            f"CronJob {cron['name']} '{cron['schedule']}'{_zone(cron)}"
            f"{' SUSPENDED' if cron['suspended'] else ''},"
            f" last {clock(cron['last_schedule_at'])}, active: {active or 'none'},"
            f" talks to: {', '.join(cron['targets']) or 'nothing known'}"
        )
    for job in data["jobs"]:
        end = clock(job["finished_at"]) if job["finished_at"] else "STILL RUNNING"
        yield (
            f"Job {job['name']} {clock(job['started_at'])} - {end},"
            f" succeeded {job['succeeded']}, failed {job['failed']}"
        )


def _zone(cron: Json) -> str:
    return f" {cron['time_zone']}" if cron.get("time_zone") else ""


def node_line(node: Json) -> str:
    """A node on one line."""
    room = node["allocatable"]
    return (
        f"node {node['name']} {'ready' if node['ready'] else 'NOT READY'}"
        f"{' UNSCHEDULABLE' if node['unschedulable'] else ''}, pressures: {', '.join(node['pressures']) or 'none'},"
        f" allocatable cpu {number(room['cpu_cores'])} memory {size(room['memory_bytes'])}"
        f"{', taints: ' + ', '.join(node['taints']) if node['taints'] else ''}"
    )
