"""``python -m sandbox``: serve a scenario until interrupted."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.app import DEFAULT_SCENARIO, Sandbox, build
from sandbox.datadog.access import API_KEY, APPLICATION_KEY
from sandbox.git.api import PATH as REPOSITORY
from sandbox.github.access import SREBOT_TOKEN
from sandbox.github.api import REPOSITORY as GITHUB_REPOSITORY
from sandbox.pagerduty.access import API_TOKEN
from sandbox.recorded.building import build_recorded
from sandbox.recorded.case import read_case
from sandbox.recorded.recording import HOURS, record
from sandbox.serving import NotLoopbackError, SandboxServer, loopback_socket, url_of
from sandbox.slack.identity import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from sandbox.webhooks.signing import SECRETS
from sandbox.world.scenario import FOLDER, ScenarioError, load_scenario, scenario_names

DEFAULT_PORT = 8765


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and serve; returns the exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if options.list:
        for name in scenario_names(options.scenarios):
            _say(f"{name}: {load_scenario(name, options.scenarios).title}")
        return 0
    if options.record:
        return _record(options)
    try:
        bound = loopback_socket(options.host, options.port)
    except NotLoopbackError as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"cannot listen on port {options.port}: {error.strerror}; try --port 0")
    with bound:
        try:
            sandbox = _built(options)
        except ScenarioError as error:
            return _refuse(str(error))
        announcement = _announcement(url_of(bound), sandbox.scenario.name, options)
        SandboxServer(sandbox, lambda: _say(announcement)).run(sockets=[bound])
    return 0


def _built(options: argparse.Namespace) -> Sandbox:
    if options.recorded:
        return build_recorded(
            read_case(options.recorded),
            alert_delay_seconds=options.alert_delay,
            posts_alerts=not options.no_alert,
        )
    return build(
        load_scenario(options.scenario, options.scenarios),
        alert_delay_seconds=options.alert_delay,
        posts_alerts=not options.no_alert,
        request_url=options.request_url,
        time_scale=options.time_scale,
        webhooks_to=options.webhooks_to,
        webhook_secrets={**SECRETS, **dict(options.webhook_secret)},
    )


def _record(options: argparse.Namespace) -> int:
    try:
        sandbox = _built(options)
    except ScenarioError as error:
        return _refuse(str(error))
    record(sandbox, options.record, options.services, options.hours)
    _say(f"recorded {sandbox.scenario.name} in {options.record}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A simulated company behind its vendors' APIs."
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--scenario", default=DEFAULT_SCENARIO, metavar="NAME")
    parser.add_argument(
        "--scenarios", type=Path, default=FOLDER, metavar="DIR", help="a folder of scenario files"
    )
    parser.add_argument(
        "--recorded", type=Path, metavar="DIR", help="serve a recorded case instead of a scenario"
    )
    parser.add_argument(
        "--record",
        type=Path,
        metavar="DIR",
        help="write the scenario down as a recorded case and exit",
    )
    parser.add_argument(
        "--services",
        type=lambda text: tuple(text.split(",")),
        default=(),
        metavar="A,B",
        help="with --record: only what belongs to these",
    )
    parser.add_argument(
        "--hours", type=float, default=HOURS, help="with --record: how far the metrics go back"
    )
    parser.add_argument("--list", action="store_true", help="list the scenarios and exit")
    parser.add_argument(
        "--request-url", default="", metavar="URL", help="deliver Slack's events there by HTTP"
    )
    parser.add_argument(
        "--alert-delay", type=float, default=3.0, metavar="S", help="seconds after the app connects"
    )
    parser.add_argument(
        "--time-scale", type=float, default=1.0, metavar="X", help="seconds for one of the script"
    )
    parser.add_argument(
        "--webhooks-to", default="", metavar="URL", help="deliver alerts by webhook as well"
    )
    parser.add_argument(
        "--webhook-secret",
        action="append",
        default=[],
        type=_secret,
        metavar="SENDER=SECRET",
        help="instead of the published one; may be repeated",
    )
    parser.add_argument("--no-alert", action="store_true", help="post no alert")
    return parser


def _secret(text: str) -> tuple[str, str]:
    sender, equals, secret = text.partition("=")
    if not equals or sender not in SECRETS:
        known = ", ".join(SECRETS)
        raise argparse.ArgumentTypeError(f"write SENDER=SECRET with one of {known}")
    return sender, secret


def _announcement(url: str, scenario: str, options: argparse.Namespace) -> str:
    """Where everything is, in one line."""
    parts = {
        "scenario": scenario,
        "page": f"{url}/",
        "slack": f"{url}/slack/api/",
        "k8s": f"{url}/k8s",
        "datadog": f"{url}/datadog",
        "pagerduty": f"{url}/pagerduty",
        "git": f"{url}/git{REPOSITORY}",
        "github": f"{url}/github",
        "github_token": SREBOT_TOKEN,
        "github_repository": GITHUB_REPOSITORY,
        "slack_bot_token": BOT_TOKEN,
        "slack_app_token": APP_TOKEN,
        "slack_signing_secret": SIGNING_SECRET,
        "k8s_tokens": "sandbox-read,sandbox-write",
        "datadog_keys": f"{API_KEY},{APPLICATION_KEY}",
        "pagerduty_token": API_TOKEN,
        "webhook_secrets": ",".join(f"{sender}:{secret}" for sender, secret in SECRETS.items()),
    }
    if options.recorded:
        for name in ("git", "github", "github_token", "github_repository"):
            del parts[name]
    return "sandbox ready " + " ".join(f"{name}={value}" for name, value in parts.items())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _refuse(reason: str) -> int:
    sys.stderr.write(f"sandbox: {reason}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
