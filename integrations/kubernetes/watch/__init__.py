"""Follows the cluster: a scan, then every change as it happens."""

from integrations.kubernetes.watch.pace import Pace
from integrations.kubernetes.watch.watcher import KubernetesWatch

__all__ = ["KubernetesWatch", "Pace"]
