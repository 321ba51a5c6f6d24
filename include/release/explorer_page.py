"""The explorer's page beside the releases, as static files.

`explorer/<hash>/` holds one build of the page, and latest.json names it; so no byte of a release
depends on Node. `explorer/index.html` has an address that stays, and leads to the one that is
named.
"""

import hashlib
import re
from pathlib import Path

from include.core import files, rclone
from include.core.drives import below
from include.core.settings import PROJECT_DIR, Settings

BUILT = PROJECT_DIR / ".explorer/page"  # by `make explorer`
FOLDER = "explorer"
ENTRY = Path(__file__).with_suffix(".html")
PATH = re.compile(rf"{FOLDER}/[0-9a-f]{{16}}/")


def built_files() -> list[Path]:
    """The files of the page; none where it was not built."""
    is_whole = (BUILT / "index.html").is_file() and (BUILT / "app.js").is_file()
    return sorted(path for path in BUILT.iterdir() if path.is_file()) if is_whole else []


def built_path() -> str:
    """Where the page of this machine is published; empty if it was not built."""
    found = built_files()
    if not found:
        return ""
    facts = "\n".join(f"{path.name} {files.sha256(path)}" for path in found)
    return f"{FOLDER}/{hashlib.sha256(facts.encode()).hexdigest()[:16]}/"


def send(settings: Settings, path: str) -> None:
    """Put the built page on the publish remote: what is there already stays."""
    names = [file.name for file in built_files()]
    rclone.send(BUILT, below(settings.publish_remote, path.rstrip("/")), names)
    rclone.put(ENTRY, below(settings.publish_remote, f"{FOLDER}/index.html"))
