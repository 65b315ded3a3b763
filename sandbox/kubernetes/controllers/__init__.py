"""The controllers that turn desired state into pods, live and for history laid down."""

from sandbox.kubernetes.controllers.expansion import expand
from sandbox.kubernetes.controllers.manager import Controllers

__all__ = ["Controllers", "expand"]
