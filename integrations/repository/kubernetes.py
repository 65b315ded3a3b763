"""What declared Kubernetes objects say: services, workloads, their settings and who selects whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.knowledge.inference import Endpoint, endpoints_in
from agent.model import Json
from integrations.kubernetes import objects
from integrations.kubernetes.naming import pod_labels, service_entity, service_name
from integrations.kubernetes.selectors import selects
from integrations.masking import mask_settings
from integrations.repository.documents import line_of
from integrations.repository.facts import Facts
from integrations.repository.manifests import UNKNOWN, WORKLOADS, Manifest
from integrations.repository.snapshot import Snapshot
from integrations.repository.targets import target_of

_SURE_OF_SETTING = 0.9
"""Times the confidence in the file: what a setting points to is inferred."""


class Declared:
    """The objects of one repository as facts.

    Args:
        snapshot: where they stand.
        manifests: the objects, those of overlays as they become.
    """

    def __init__(self, snapshot: Snapshot, manifests: Sequence[Manifest]) -> None:
        self._snapshot = snapshot
        self._manifests = manifests
        self._workloads = [m for m in manifests if m.kind in WORKLOADS]
        self._by_name = {(m.namespace, m.kind, m.name): m for m in self._workloads}
        self._by_label: dict[tuple[str, str, str], list[tuple[Manifest, Json]]] = {}
        """(namespace, label, value) -> the workloads whose pods have it, with all their labels."""
        for workload in self._workloads:
            labels = pod_labels(workload.item)
            for label, value in labels.items():
                place = (workload.namespace, label, str(value))
                self._by_label.setdefault(place, []).append((workload, labels))
        self._config_maps = {(m.namespace, m.name): m for m in manifests if m.kind == "ConfigMap"}
        self._services = {(m.namespace, m.name): m for m in manifests if m.kind == "Service"}

    def add_to(self, facts: Facts) -> None:
        """Add all that the objects say."""
        for manifest in self._manifests:
            self._add_entity(facts, manifest)
        for manifest in self._workloads:
            self._add_workload(facts, manifest)
        for manifest in self._manifests:
            match manifest.kind:
                case "Service":
                    self._add_routes(facts, manifest)
                case "Ingress":
                    self._add_ingress(facts, manifest)
                case "HorizontalPodAutoscaler" | "PodDisruptionBudget":
                    self._add_guard(facts, manifest)

    def _add_entity(self, facts: Facts, manifest: Manifest) -> None:
        if manifest.kind == "Service":
            key = self._service_key(manifest)
            facts.entity(key.rsplit("/", 1)[-1], "service", manifest.namespace)
            return
        facts.entity(
            manifest.name,
            manifest.kind.lower(),
            manifest.namespace,
            properties=self._properties(manifest),
        )

    def _properties(self, manifest: Manifest) -> Json:
        if manifest.kind not in WORKLOADS and manifest.kind != "ConfigMap":
            return {}
        managed = {
            "repository": self._snapshot.web_url or self._snapshot.name,
            "path": manifest.path,
            "overlay": manifest.overlay,
        }
        found: Json = {"managed_by": {k: v for k, v in managed.items() if v}}
        if manifest.kind in WORKLOADS:
            spec = manifest.item.get("spec", {})
            declared = {k: spec[k] for k in ("replicas", "schedule", "suspend") if k in spec}
            images = [str(c["image"]) for c in objects.containers_of(manifest.item) if "image" in c]
            found["declared"] = {**declared, "images": images}
        return found

    def _add_workload(self, facts: Facts, manifest: Manifest) -> None:
        key, item = _key(manifest), manifest.item
        source = key
        if service_name(item):
            service = service_entity(item)
            kept = {k: v for k, v in service.properties.items() if k in ("team", "tier")}
            source = facts.entity(
                service.name, "service", service.namespace, service.environment, kept
            )
            facts.relate(source, key, "runs", self._at(manifest), manifest.confidence)
            if team := str(kept.get("team", "")):
                owner = facts.entity(team, "team")
                facts.relate(owner, source, "owns", self._at(manifest, team), manifest.confidence)
        for kind in ("ConfigMap", "Secret"):
            for name in objects.references(item, kind):
                target = f"{manifest.namespace or '-'}/{kind.lower()}/{name}"
                facts.relate(
                    key, target, "configured_by", self._at(manifest, str(name)), manifest.confidence
                )
        for endpoint, place in self._endpoints(manifest):
            if UNKNOWN in endpoint.service:
                continue
            target = self._target(facts, manifest, endpoint)
            if target != key:
                sure = round(manifest.confidence * _SURE_OF_SETTING, 3)
                facts.relate(source, target, "depends_on", place, sure)

    def _endpoints(self, manifest: Manifest) -> Iterator[tuple[Endpoint, str]]:
        """Where its settings point to, and where that is written."""
        for container in objects.containers_of(manifest.item):
            data = objects.container_data(container)
            values = {n: str(v["value"]) for n, v in data["env"].items() if "value" in v}
            values |= {f"argument {n}": a for n, a in enumerate(data["args"])}
            for endpoint in endpoints_in(values):
                yield endpoint, self._at(manifest, endpoint.host)
        for name in objects.references(manifest.item, "ConfigMap"):
            config_map = self._config_maps.get((manifest.namespace, name))
            if config_map is not None:
                for endpoint in endpoints_in(mask_settings(config_map.item.get("data") or {})):
                    yield endpoint, self._at(config_map, endpoint.host)

    def _target(self, facts: Facts, manifest: Manifest, endpoint: Endpoint) -> str:
        """The key of what an endpoint means; hosts outside of the cluster become entities of their own."""
        if UNKNOWN in endpoint.namespace:  # a chart speaks of the namespace that it is installed in
            endpoint = endpoint._replace(host=endpoint.service)
        namespace = endpoint.namespace or manifest.namespace
        service = self._services.get((namespace, endpoint.service))
        if service is not None:
            return self._service_key(service)
        return target_of(facts, endpoint, manifest.namespace)

    def _add_routes(self, facts: Facts, manifest: Manifest) -> None:
        key = self._service_key(manifest)
        for workload in self._selected(manifest, manifest.item.get("spec", {}).get("selector")):
            if not service_name(workload.item) or service_entity(workload.item).key != key:
                facts.relate(
                    key, _key(workload), "routes_to", self._at(manifest), manifest.confidence
                )

    def _add_ingress(self, facts: Facts, manifest: Manifest) -> None:
        for rule in manifest.item.get("spec", {}).get("rules", []):
            for path in rule.get("http", {}).get("paths", []):
                name = str(path.get("backend", {}).get("service", {}).get("name", ""))
                target = self._services.get((manifest.namespace, name))
                if target is not None:
                    place = self._at(manifest, name)
                    facts.relate(
                        _key(manifest),
                        self._service_key(target),
                        "routes_to",
                        place,
                        manifest.confidence,
                    )

    def _add_guard(self, facts: Facts, manifest: Manifest) -> None:
        spec = manifest.item.get("spec", {})
        if manifest.kind == "PodDisruptionBudget":
            for workload in self._selected(manifest, spec.get("selector")):
                facts.relate(
                    _key(manifest),
                    _key(workload),
                    "protects",
                    self._at(manifest),
                    manifest.confidence,
                )
            return
        reference = spec.get("scaleTargetRef", {})
        named = (manifest.namespace, str(reference.get("kind")), str(reference.get("name")))
        if (scaled := self._by_name.get(named)) is not None:
            facts.relate(
                _key(manifest), _key(scaled), "scales", self._at(manifest), manifest.confidence
            )

    def _service_key(self, service: Manifest) -> str:
        """The service that its pods' labels name, as in the live cluster; else its own name."""
        for workload in self._selected(service, service.item.get("spec", {}).get("selector")):
            if service_name(workload.item):
                return service_entity(workload.item).key
        return _key(service)

    def _selected(self, manifest: Manifest, selector: Json | None) -> Iterator[Manifest]:
        """The workloads of its namespace that a selector by labels selects."""
        wanted = _labels(selector)
        if wanted:
            label, value = next(iter(wanted.items()))
            for workload, labels in self._by_label.get((manifest.namespace, label, str(value)), ()):
                if selects(selector, labels):
                    yield workload

    def _at(self, manifest: Manifest, words: str = "") -> str:
        """The link to where a manifest says ``words``."""
        text = self._snapshot.files.get(manifest.path, "")
        line = line_of(text, words, manifest.line) if words else manifest.line
        return self._snapshot.link(manifest.path, line)


def _labels(selector: Json | None) -> Json:
    """The labels that a selector, plain or with matchLabels, wants; none for expressions alone."""
    if not selector or "matchLabels" in selector or "matchExpressions" in selector:
        return dict((selector or {}).get("matchLabels") or {})
    return selector


def _key(manifest: Manifest) -> str:
    return f"{manifest.namespace or '-'}/{manifest.kind.lower()}/{manifest.name}"
