"""What the library detect-secrets knows of the shapes of secrets: its patterns alone, none of its calls to vendors.

The library is loaded with the first text that may hold such a secret: loading it takes longer than ``srebot --help`` may. Its
patterns for passwords in URLs, for JSON web tokens and for Artifactory's older keys are not used: they are not linear in the text,
and ours (``agent.redaction.secrets``) find the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import NamedTuple

_DELIMITERS = " \t\r\n=:\"'"
"""What some patterns take in before and after the secret."""

_HEX = re.compile(r"[0-9a-f]+")
_IBM = re.compile(r"(?i)ibm|iam|cloud")
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)", re.DOTALL)
_NEAR_CHARACTERS = 300
"""How far from an Azure key the word may stand that tells what it is."""
_AZURE = re.compile(r"(?i)azure|account_?k(?:ey)?\b")
_PUBLIC = re.compile(r"(?i)(?:sha(?:256|384|512)-|integrity[\"']?[:=]|public_?keys?)")


def _any(_match: re.Match[str], _secret: str) -> bool:
    return True


def _no_digest(_match: re.Match[str], secret: str) -> bool:
    return not _HEX.fullmatch(secret)


def _of_ibm(match: re.Match[str], secret: str) -> bool:
    return _IBM.search(match[0]) is not None and _MIXED.match(secret) is not None


def _of_azure(match: re.Match[str], secret: str) -> bool:
    start, end = match.span()
    before = match.string[max(0, start - _NEAR_CHARACTERS) : start]
    after = match.string[end : end + _NEAR_CHARACTERS]
    return not _PUBLIC.search(before[-60:]) and bool(_AZURE.search(before) or _AZURE.search(after))


def _mixed(match: re.Match[str], secret: str) -> bool:
    return _MIXED.match(secret.partition(".")[0]) is not None


class _Detector(NamedTuple):
    name: str
    """Of the module and of the class in it."""
    hints: tuple[str, ...] = ()
    """Lower-case words: a text that holds none of them need not be searched."""
    precise: re.Pattern[str] | None = None
    """Beside words, or in their place where a format has none: quick to search for."""
    means_it: Callable[[re.Match[str], str], bool] = _any
    """Whether a match is a secret, for patterns that match other things too."""
    without: tuple[int, ...] = ()
    """Places of patterns in the library's list that are not used."""


_DETECTORS = (
    _Detector(
        "artifactory.ArtifactoryDetector", precise=re.compile("AKC[A-Za-z0-9]{10}"), without=(1,)
    ),
    _Detector(
        "aws.AWSKeyDetector",
        ("aws",),
        re.compile("A(?:3T|BIA|CCA|KIA|SIA)[A-Z0-9]{16}"),
        means_it=_no_digest,
    ),
    _Detector(
        "azure_storage_key.AzureStorageKeyDetector",
        ("azure", "account_k", "accountk"),
        means_it=_of_azure,
    ),
    _Detector("cloudant.CloudantDetector", ("cloudant", "cl_", "cl-", "clou_", "clou-")),
    _Detector(
        "discord.DiscordBotTokenDetector",
        precise=re.compile(r"\.[\w-]{6}\.[\w-]{27}"),
        means_it=_mixed,
    ),
    _Detector("github_token.GitHubTokenDetector", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    _Detector(
        "ibm_cloud_iam.IbmCloudIamDetector",
        ("ibm", "iam_", "iam-", "cloud_", "cloud-"),
        means_it=_of_ibm,
    ),
    _Detector(
        "ibm_cos_hmac.IbmCosHmacDetector",
        ("secret_key", "secret-key", "secretkey", "secret_access"),
    ),
    _Detector("mailchimp.MailchimpDetector", precise=re.compile(r"-(?<=[0-9a-z]{32}-)us\d")),
    _Detector("npm.NpmDetector", ("npm_", "npm-", "npm t", "npmt", "_authtoken")),
    _Detector("private_key.PrivateKeyDetector", ("private key", "putty-user-key")),
    _Detector("sendgrid.SendGridDetector", ("sg.",)),
    _Detector("slack.SlackDetector", ("xox", "hooks.slack.com")),
    _Detector("softlayer.SoftlayerDetector", ("softlayer", "sl_", "sl-", "slapi")),
    _Detector("square_oauth.SquareOAuthDetector", ("sq0csp-",)),
    _Detector("stripe.StripeDetector", ("k_live_",)),
    _Detector("twilio.TwilioKeyDetector", precise=re.compile(r"(?:AC|SK)[a-z0-9]{32}")),
)


def strike(text: str, lower: str, mark: str) -> str:
    """The text with the secrets replaced that the library knows; ``lower`` is the text in lower case."""
    for detector in _DETECTORS:
        if _may_hold_one(text, lower, detector):
            struck = partial(_struck, detector=detector, mark=mark)
            for pattern in _patterns(detector.name, detector.without):
                text = pattern.sub(struck, text)
    return text


def _may_hold_one(text: str, lower: str, detector: _Detector) -> bool:
    by_word = any(hint in lower for hint in detector.hints)
    return by_word or (detector.precise is not None and detector.precise.search(text) is not None)


@cache
def _patterns(name: str, without: tuple[int, ...]) -> tuple[re.Pattern[str], ...]:
    module, _, detector = name.partition(".")
    listed = getattr(import_module(f"detect_secrets.plugins.{module}"), detector).denylist
    return tuple(p for place, p in enumerate(listed) if place not in without)


def _struck(match: re.Match[str], *, detector: _Detector, mark: str) -> str:
    whole = match[0]
    start, end = _span(match)
    secret = whole[start:end]
    if mark in whole or not detector.means_it(match, secret):
        return whole
    return whole[:start] + mark + whole[end:]


def _span(match: re.Match[str]) -> tuple[int, int]:
    """Where the secret stands in the match: the pattern's last group if it is most of it, else all but the delimiters."""
    found = [n for n in range(1, match.re.groups + 1) if len(match[n] or "") >= _SHORTEST]
    if found:
        start, end = match.span(found[-1])
        return start - match.start(), end - match.start()
    whole = match[0]
    start = len(whole) - len(whole.lstrip(_DELIMITERS))
    return start, len(whole.rstrip(_DELIMITERS))


_SHORTEST = 10
"""Characters of a group that is a secret; shorter ones are beginnings of one."""
