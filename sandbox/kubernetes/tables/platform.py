"""Tables of everything around the workloads: nodes, services, configuration, events, policies."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.kubernetes.selectors import format_label_selector
from sandbox.kubernetes.tables.columns import (
    AGE,
    NAME,
    NONE,
    UNKNOWN,
    Column,
    Manifest,
    Printer,
    age,
    born,
    count,
    joined,
    wide,
)

_ACCESS_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX"}
_ROLE_LABEL = "node-role.kubernetes.io/"


def _name(manifest: Manifest) -> str:
    return str(manifest["metadata"]["name"])


def _namespace(manifest: Manifest, now: datetime) -> list[Any]:
    return [_name(manifest), manifest["status"].get("phase", "Active"), born(manifest, now)]


def _node(node: Manifest, now: datetime) -> list[Any]:
    status = node.get("status") or {}
    conditions = {c["type"]: c["status"] for c in status.get("conditions") or ()}
    ready = "Ready" if conditions.get("Ready", "True") == "True" else "NotReady"
    if (node.get("spec") or {}).get("unschedulable"):
        ready += ",SchedulingDisabled"
    labels = node["metadata"].get("labels") or {}
    roles = sorted(k.removeprefix(_ROLE_LABEL) for k in labels if k.startswith(_ROLE_LABEL))
    addresses = {a["type"]: a["address"] for a in status.get("addresses") or ()}
    info = status.get("nodeInfo") or {}
    return [
        _name(node),
        ready,
        ",".join(roles) or NONE,
        born(node, now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", NONE),
        addresses.get("ExternalIP", NONE),
        info.get("osImage", UNKNOWN),
        info.get("kernelVersion", UNKNOWN),
        info.get("containerRuntimeVersion", UNKNOWN),
    ]


def _service_ports(spec: dict[str, Any]) -> str:
    ports = []
    for port in spec.get("ports") or ():
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        ports.append(f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}")
    return ",".join(ports) or NONE


def _service(service: Manifest, now: datetime) -> list[Any]:
    spec = service["spec"]
    balanced = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    external = spec.get("externalName") or ",".join(
        i.get("ip", i.get("hostname")) for i in balanced
    )
    return [
        _name(service),
        spec.get("type", "ClusterIP"),
        spec.get("clusterIP") or NONE,
        external or NONE,
        _service_ports(spec),
        born(service, now),
        joined(spec.get("selector")),
    ]


def _endpoints(endpoints: Manifest, now: datetime) -> list[Any]:
    shown = [
        f"{address['ip']}:{port['port']}"
        for subset in endpoints.get("subsets") or ()
        for address in subset.get("addresses") or ()
        for port in subset.get("ports") or ()
    ]
    more = f" + {len(shown) - 3} more..." if len(shown) > 3 else ""
    return [_name(endpoints), (",".join(shown[:3]) + more) or NONE, born(endpoints, now)]


def _endpoint_slice(endpoints: Manifest, now: datetime) -> list[Any]:
    ports = ",".join(str(port["port"]) for port in endpoints.get("ports") or ())
    addresses = [a for e in endpoints.get("endpoints") or () for a in e.get("addresses") or ()]
    return [
        _name(endpoints),
        endpoints.get("addressType", "IPv4"),
        ports or "<unset>",
        ",".join(addresses[:3]) or "<unset>",
        born(endpoints, now),
    ]


def _config_map(manifest: Manifest, now: datetime) -> list[Any]:
    size = len(manifest.get("data") or {}) + len(manifest.get("binaryData") or {})
    return [_name(manifest), size, born(manifest, now)]


def _secret(manifest: Manifest, now: datetime) -> list[Any]:
    size = len(manifest.get("data") or {})
    return [_name(manifest), manifest.get("type", "Opaque"), size, born(manifest, now)]


def _claim(claim: Manifest, now: datetime) -> list[Any]:
    spec, status = claim["spec"], claim.get("status") or {}
    modes = status.get("accessModes") or spec.get("accessModes") or ()
    return [
        _name(claim),
        status.get("phase", "Pending"),
        spec.get("volumeName", ""),
        (status.get("capacity") or {}).get("storage", ""),
        ",".join(_ACCESS_MODES.get(mode, mode) for mode in modes),
        spec.get("storageClassName", ""),
        "<unset>",
        born(claim, now),
        spec.get("volumeMode", "Filesystem"),
    ]


def _event(event: Manifest, now: datetime) -> list[Any]:
    about = event.get("involvedObject") or {}
    source = event.get("source") or {}
    first = event.get("firstTimestamp") or event.get("eventTime")
    last = event.get("lastTimestamp") or first
    times = event.get("count", 1)
    seen = age(last, now)
    return [
        f"{seen} (x{times} over {age(first, now)})" if times > 1 else seen,
        event.get("type", ""),
        event.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        ", ".join(part for part in (source.get("component"), source.get("host")) if part),
        (event.get("message") or "").strip(),
        age(first, now),
        times,
        _name(event),
    ]


def _service_account(manifest: Manifest, now: datetime) -> list[Any]:
    return [_name(manifest), len(manifest.get("secrets") or ()), born(manifest, now)]


def _ingress(ingress: Manifest, now: datetime) -> list[Any]:
    spec = ingress["spec"]
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    balanced = ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [
        _name(ingress),
        spec.get("ingressClassName") or NONE,
        ",".join(hosts) or "*",
        ",".join(i.get("ip", i.get("hostname", "")) for i in balanced),
        "80, 443" if spec.get("tls") else "80",
        born(ingress, now),
    ]


def _network_policy(policy: Manifest, now: datetime) -> list[Any]:
    selector = format_label_selector(policy["spec"].get("podSelector")) or NONE
    return [_name(policy), selector, born(policy, now)]


def _metric_target(metric: dict[str, Any], current: dict[str, Any]) -> str:
    source = metric.get("resource") or {}
    target = source.get("target") or {}
    measured = (current.get("resource") or {}).get("current") or {}
    if target.get("averageUtilization") is not None:
        seen = measured.get("averageUtilization")
        shown = UNKNOWN if seen is None else f"{seen}%"
        return f"{source.get('name')}: {shown}/{target['averageUtilization']}%"
    wanted = target.get("averageValue") or target.get("value") or ""
    return f"{measured.get('averageValue', UNKNOWN)}/{wanted}"


def _autoscaler(hpa: Manifest, now: datetime) -> list[Any]:
    spec, status = hpa["spec"], hpa.get("status") or {}
    target = spec["scaleTargetRef"]
    measured = list(status.get("currentMetrics") or ())
    metrics = spec.get("metrics") or ()
    padded = measured + [{}] * (len(metrics) - len(measured))
    shown = ", ".join(_metric_target(*pair) for pair in zip(metrics, padded, strict=False))
    return [
        _name(hpa),
        f"{target['kind']}/{target['name']}",
        shown or NONE,
        str(spec.get("minReplicas", 1)),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        born(hpa, now),
    ]


def _budget(budget: Manifest, now: datetime) -> list[Any]:
    spec, status = budget["spec"], budget.get("status") or {}
    return [
        _name(budget),
        str(spec.get("minAvailable", "N/A")),
        str(spec.get("maxUnavailable", "N/A")),
        status.get("disruptionsAllowed", 0),
        born(budget, now),
    ]


def _certificate(certificate: Manifest, now: datetime) -> list[Any]:
    conditions = (certificate.get("status") or {}).get("conditions") or ()
    ready: dict[str, Any] = next((c for c in conditions if c["type"] == "Ready"), {})
    issuer = (certificate["spec"].get("issuerRef") or {}).get("name", "")
    return [
        _name(certificate),
        ready.get("status", ""),
        certificate["spec"].get("secretName", ""),
        issuer,
        ready.get("message", ""),
        born(certificate, now),
    ]


PLATFORM = {
    "Namespace": Printer((NAME, Column("Status"), AGE), _namespace),
    "Node": Printer(
        (
            NAME,
            Column("Status"),
            Column("Roles"),
            AGE,
            Column("Version"),
            *map(wide, ("Internal-IP", "External-IP", "OS-Image", "Kernel-Version")),
            wide("Container-Runtime"),
        ),
        _node,
    ),
    "Service": Printer(
        (
            NAME,
            *map(Column, ("Type", "Cluster-IP", "External-IP", "Port(s)")),
            AGE,
            wide("Selector"),
        ),
        _service,
    ),
    "Endpoints": Printer((NAME, Column("Endpoints"), AGE), _endpoints),
    "EndpointSlice": Printer(
        (NAME, *map(Column, ("AddressType", "Ports", "Endpoints")), AGE), _endpoint_slice
    ),
    "ConfigMap": Printer((NAME, count("Data"), AGE), _config_map),
    "Secret": Printer((NAME, Column("Type"), count("Data"), AGE), _secret),
    "PersistentVolumeClaim": Printer(
        (
            NAME,
            *map(Column, ("Status", "Volume", "Capacity", "Access Modes", "StorageClass")),
            Column("VolumeAttributesClass"),
            AGE,
            wide("VolumeMode"),
        ),
        _claim,
    ),
    "Event": Printer(
        (
            *map(Column, ("Last Seen", "Type", "Reason", "Object")),
            *map(wide, ("Subobject", "Source")),
            Column("Message"),
            wide("First Seen"),
            Column("Count", type="integer", priority=1),
            Column("Name", "name", priority=1),
        ),
        _event,
    ),
    "ServiceAccount": Printer((NAME, count("Secrets"), AGE), _service_account),
    "Certificate": Printer(
        (
            NAME,
            *map(Column, ("Ready", "Secret")),
            *map(wide, ("Issuer", "Status")),
            AGE,
        ),
        _certificate,
    ),
    "Ingress": Printer((NAME, *map(Column, ("Class", "Hosts", "Address", "Ports")), AGE), _ingress),
    "NetworkPolicy": Printer((NAME, Column("Pod-Selector"), AGE), _network_policy),
    "HorizontalPodAutoscaler": Printer(
        (
            NAME,
            *map(Column, ("Reference", "Targets", "MinPods")),
            *map(count, ("MaxPods", "Replicas")),
            AGE,
        ),
        _autoscaler,
    ),
    "PodDisruptionBudget": Printer(
        (
            NAME,
            *map(Column, ("Min Available", "Max Unavailable")),
            count("Allowed Disruptions"),
            AGE,
        ),
        _budget,
    ),
}
