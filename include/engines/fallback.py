"""The finding of an engine that was unavailable, so that the embedded one computed instead."""

from dataclasses import asdict

from include.core import files
from include.core.settings import Settings
from include.ledger.ledger import Finding


def record_fallback(settings: Settings, role: str, reason: str) -> None:
    """Write the finding `role`, or remove it if there is no reason."""
    path = settings.paths.findings / f"{role}.json"
    if not reason:
        files.remove(path)
        return
    finding = Finding(
        role,
        "warning",
        f"computed by the embedded engine: {reason}",
        cure="docs/runbook.md, Engines; the result is the same",
    )
    files.write_json(path, asdict(finding))
