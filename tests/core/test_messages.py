"""Every error that the code may raise, and every finding, has its row in the runbook or the guide to data health."""

import ast
import re
from collections.abc import Iterator

from include.core.settings import PROJECT_DIR

# What carries a message for people, and which argument it is.
CARRIERS = {
    "Finding": 2,
    "Refused": 1,
    "refuse": 3,
    **dict.fromkeys(
        (
            "ConfigurationError",
            "ConflictError",
            "ContractError",
            "DamagedFile",
            "EngineUnavailable",
        ),
        0,
    ),
    **dict.fromkeys(("RemoteError", "RemoteGone", "StorageError", "Unproven"), 0),
}
PUNCTUATION = " ,:;()'\n"
SHORTEST = 8  # characters by which a message can be recognised


def literals(node: ast.expr) -> list[str]:
    """The fixed parts of a message."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "\0" for part in node.values
        ).split("\0")
    if isinstance(node, ast.BinOp):
        return literals(node.left) + literals(node.right)
    return []


def messages() -> Iterator[tuple[str, list[str]]]:
    """Where each message is, and its fixed parts."""
    for folder in ("include", "plugins", "cli"):
        for path in sorted((PROJECT_DIR / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                index = CARRIERS.get(getattr(node.func, "id", getattr(node.func, "attr", "")))
                if index is None or len(node.args) <= index:
                    continue
                parts = [part.strip(PUNCTUATION) for part in literals(node.args[index])]
                if any(len(part) >= SHORTEST for part in parts):
                    yield f"{path.relative_to(PROJECT_DIR)}:{node.lineno}", parts


def test_every_message_is_in_the_runbook() -> None:
    pages = " ".join(
        (PROJECT_DIR / "docs" / page).read_text() for page in ("runbook.md", "health.md")
    )
    known = re.sub(r"\s+", " ", pages)
    found = dict(messages())
    assert len(found) > 100
    missing = {
        where: parts
        for where, parts in found.items()
        if not any(len(part) >= SHORTEST and part in known for part in parts)
    }
    assert missing == {}
