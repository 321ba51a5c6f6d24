"""What people are told when the embedded engine has taken the place of a service."""

from dataclasses import asdict

from include.core import files
from include.core.settings import Settings
from include.ledger.ledger import Finding


def tell_of_fallback(settings: Settings, role: str, reason: str) -> None:
    """Write the finding `role`, or take it back if there is no reason."""
    path = settings.paths.findings / f"{role}.json"
    if not reason:
        files.remove(path)
        return
    told = Finding(role, "warning", f"computed by the embedded engine, since {reason}", cure="docs/runbook.md, Engines; the result is the same")
    files.write_json(path, asdict(told))
