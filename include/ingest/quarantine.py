"""The pages of the quarantine: why a file is refused, or lines of it are, and what to do."""

import json
from typing import Any

from include.core import files
from include.core.settings import Settings
from include.ledger.ledger import Ledger


def write_pages(settings: Settings, ledger: Ledger) -> None:
    """One page for each file that is refused or has rejected lines; the pages of files that have
    been cured go.
    """
    newest = {v.place: v for v in ledger.versions}
    listed = [
        *ledger.refused(),
        *(v for v in newest.values() if v.verdict == "accepted" and v.rejected),
    ]
    pages = {}
    for version in listed:
        place = (version.building_id, version.datasource_id, version.sha256)
        errors = [
            finding
            for finding in version.findings
            if finding.severity == "error" or "rejected_lines" in finding.check
        ]
        page = (
            settings.paths.quarantine
            / version.building_id
            / version.datasource_id
            / f"{version.path}.json"
        )
        content: dict[str, Any] = {
            "file": version.path,
            "verdict": version.verdict,
            "because": [
                finding.message + (f" ({finding.where})" if finding.where else "")
                for finding in errors
            ],
            "what_to_do": list(dict.fromkeys(finding.cure for finding in errors)),
            "untouched_file": ", ".join(
                str(path.relative_to(settings.paths.root))
                for path in version.landed(settings.paths)
            ),
            "sha256": version.sha256,
            "first_seen": version.first_seen.isoformat(),
        }
        if version.rejected and version.verdict == "accepted":
            lines = settings.paths.rejected_lines(*place, version.path)
            content |= {
                "rejected_lines": version.rejected,
                "their_texts": str(lines.relative_to(settings.paths.root)),
            }
        pages[page] = content
    there = {
        page
        for folder in settings.paths.quarantine.glob("*")
        if settings.paths.sees(folder.name)
        for page in folder.rglob("*.json")
    }
    for stale in there - set(pages):
        files.remove(stale)
    for page, content in pages.items():
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        if not page.exists() or page.read_bytes() != text.encode():
            files.write_text(page, text)
