"""TLS certificates as cert-manager tells of them; the certificates themselves lie in Secrets and are never read."""

from __future__ import annotations

from collections.abc import Iterable

from agent.model import Json
from integrations.kubernetes import history, objects
from integrations.masking import mask_text
from integrations.text import iso, parse_time


def certificate_data(
    certificate: Json, workloads: Iterable[Json], ingresses: Iterable[Json]
) -> Json:
    """A Certificate: for which names, until when, whether it could be renewed, and who serves it."""
    spec, status = certificate.get("spec", {}), certificate.get("status", {})
    secret = str(spec.get("secretName") or "")
    conditions = {c.get("type"): c for c in status.get("conditions", [])}
    ready, issuing = conditions.get("Ready", {}), conditions.get("Issuing", {})
    changed_at, changed_by = history.last_write(certificate)
    return {
        "name": objects.name_of(certificate),
        "secret": secret,
        "dns_names": spec.get("dnsNames") or [],
        "issuer": (spec.get("issuerRef") or {}).get("name"),
        "not_before": iso(parse_time(status.get("notBefore"))),
        "not_after": iso(parse_time(status.get("notAfter"))),
        "renewal_at": iso(parse_time(status.get("renewalTime"))),
        "failed_attempts": status.get("failedIssuanceAttempts", 0),
        "ready": ready.get("status") == "True",
        "reason": ready.get("reason"),
        "message": mask_text(str(ready.get("message") or "")),
        "issuing_reason": issuing.get("reason"),
        "issuing_message": mask_text(str(issuing.get("message") or "")),
        "served_by": sorted(_servers(secret, workloads, ingresses) | _inside(certificate)),
        "changed_at": changed_at,
        "changed_by": changed_by,
    }


def ingress_data(ingress: Json) -> Json:
    """An Ingress: hosts, the Services behind it, and the names of the Secrets with its certificates."""
    spec = ingress.get("spec", {})
    return {
        "name": objects.name_of(ingress),
        "hosts": [r["host"] for r in spec.get("rules", []) if r.get("host")],
        "services": sorted(_backends(spec)),
        "tls_secrets": [t.get("secretName") for t in spec.get("tls", []) if t.get("secretName")],
    }


def _backends(spec: Json) -> set[str]:
    backends = [spec.get("defaultBackend") or {}]
    for rule in spec.get("rules", []):
        backends += [p.get("backend", {}) for p in (rule.get("http") or {}).get("paths", [])]
    names = {str((b.get("service") or {}).get("name") or "") for b in backends}
    return names - {""}


def _inside(certificate: Json) -> set[str]:
    """The Services of the cluster that it is made out to: ``web`` of ``web.production.svc``."""
    end = f".{objects.namespace_of(certificate)}"
    names = certificate.get("spec", {}).get("dnsNames") or []
    return {
        name.partition(".")[0]
        for name in names
        if f"{name}.".startswith(f"{name.partition('.')[0]}{end}.")
    }


def _servers(secret: str, workloads: Iterable[Json], ingresses: Iterable[Json]) -> set[str]:
    """Workloads that mount the Secret, and the Services behind Ingresses that serve it."""
    found = {objects.name_of(w) for w in workloads if secret in objects.references(w, "Secret")}
    for ingress in map(ingress_data, ingresses):
        if secret in ingress["tls_secrets"]:
            found |= set(ingress["services"])
    return found if secret else set()
