"""What mends a fault: predicates on one object of the cluster, as scenario files name them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.world.configuration import (
    claimed_bytes,
    config_number,
    config_text,
    container_resource,
)
from sandbox.world.ports import Manifest


class _Condition(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    name: str
    namespace: str = "production"


class Suspended(_Condition):
    """A CronJob or Job is suspended or was deleted."""

    is_: Literal["suspended"] = Field(alias="is")

    def holds(self, state: Manifest | None) -> bool:
        """See the class."""
        return state is None or bool(state["spec"].get("suspend"))


class Gone(_Condition):
    """The object was deleted."""

    is_: Literal["gone"] = Field(alias="is")

    def holds(self, state: Manifest | None) -> bool:
        """See the class."""
        return state is None


class Exists(_Condition):
    """The object is there."""

    is_: Literal["exists"] = Field(alias="is")

    def holds(self, state: Manifest | None) -> bool:
        """See the class."""
        return state is not None


class SettingIsNot(_Condition):
    """A setting in a ConfigMap, or in a workload's environment, is another than the guilty one."""

    is_: Literal["setting_is_not"] = Field(alias="is")
    key: str
    value: str

    def holds(self, state: Manifest | None) -> bool:
        """See the class."""
        return state is not None and config_text(state, self.key) != self.value


class FieldIsNot(_Condition):
    """A field of the object is not, or no more, what makes the fault."""

    is_: Literal["field_is_not"] = Field(alias="is")
    path: str
    """Such as ``spec.selector.track`` or ``spec.ports.0.targetPort``."""
    value: str | int | bool | None

    def holds(self, state: Manifest | None) -> bool:
        """See the class."""
        return state is not None and _field(state, self.path) != self.value


class FieldAtLeast(_Condition):
    """A number in the object is at least this much."""

    is_: Literal["field_at_least"] = Field(alias="is")
    path: str
    value: float

    def holds(self, state: Manifest | None) -> bool:
        """See the class."""
        found = _field(state, self.path) if state is not None else None
        return isinstance(found, int | float) and found >= self.value


def _field(state: Manifest, path: str) -> object:
    node: object = state
    for name in path.split("."):
        if isinstance(node, list) and name.isdecimal():
            node = node[int(name)] if int(name) < len(node) else None
        else:
            node = node.get(name) if isinstance(node, dict) else None
    return node


class Restarted(_Condition):
    """The workload's pods were rolled by an annotation on their template, as ``kubectl rollout restart`` does."""

    is_: Literal["restarted"] = Field(alias="is")

    def holds(self, state: Manifest | None) -> bool:
        """See the class."""
        template = state["spec"]["template"] if state else {}
        annotations = (template.get("metadata") or {}).get("annotations") or {}
        return any("restart" in name.rpartition("/")[2].lower() for name in annotations)


class ReplicasAtLeast(_Condition):
    """A workload wants at least this many pods."""

    is_: Literal["replicas_at_least"] = Field(alias="is")
    value: int

    def holds(self, state: Manifest | None) -> bool:
        """See the class."""
        return state is not None and state["spec"].get("replicas", 1) >= self.value


class LimitAtLeast(_Condition):
    """The first container's limit of a resource (bytes or cores) is at least this much."""

    is_: Literal["limit_at_least"] = Field(alias="is")
    resource: Literal["memory", "cpu"] = "memory"
    value: float

    def holds(self, state: Manifest | None) -> bool:
        """See the class."""
        limit = container_resource(state, "limits", self.resource) if state else None
        return state is not None and (limit is None or limit >= self.value)


class ImageIsNot(_Condition):
    """The first container runs another image than the guilty one."""

    is_: Literal["image_is_not"] = Field(alias="is")
    value: str

    def holds(self, state: Manifest | None) -> bool:
        """See the class."""
        if state is None:
            return False
        image: str = state["spec"]["template"]["spec"]["containers"][0]["image"]
        return image != self.value and not image.endswith(f":{self.value}")


class StorageAtLeast(_Condition):
    """A PersistentVolumeClaim asks for at least this many bytes."""

    is_: Literal["storage_at_least"] = Field(alias="is")
    value: float

    def holds(self, state: Manifest | None) -> bool:
        """See the class."""
        return state is not None and claimed_bytes(state) >= self.value


class SettingAtLeast(_Condition):
    """A number in a ConfigMap, or in a workload's environment, is at least this much."""

    is_: Literal["setting_at_least"] = Field(alias="is")
    key: str
    value: float

    def holds(self, state: Manifest | None) -> bool:
        """See the class."""
        number = config_number(state, self.key) if state else None
        return number is not None and number >= self.value


Condition = Annotated[
    Suspended
    | Gone
    | Exists
    | Restarted
    | ReplicasAtLeast
    | LimitAtLeast
    | ImageIsNot
    | StorageAtLeast
    | SettingAtLeast
    | SettingIsNot
    | FieldIsNot
    | FieldAtLeast,
    Field(discriminator="is_"),
]
