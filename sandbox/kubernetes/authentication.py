"""Whose request is it: bearer tokens, and basic authentication for kubectl without TLS."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from starlette.requests import Request

from sandbox.kubernetes.errors import unauthorized
from sandbox.kubernetes.roles import Role


def authenticated(request: Request, tokens: Mapping[str, Role]) -> Role:
    """The role of the request's token; raises ApiError 401.

    kubectl sends no bearer token over plain HTTP, but does send the user part of its server's URL
    (``http://sandbox-read@127.0.0.1:8000/k8s``), so that is taken for the token as well.
    """
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    token = credential.strip()
    if scheme.lower() == "basic":
        token = _basic_user(token)
    elif scheme.lower() != "bearer":
        raise unauthorized()
    role = tokens.get(token)
    if role is None:
        raise unauthorized()
    return role


def _basic_user(credential: str) -> str:
    try:
        return base64.b64decode(credential, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise unauthorized() from error
