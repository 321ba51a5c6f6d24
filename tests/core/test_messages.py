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


# Messages of other programs that users of this one see.
FOREIGN = {
    "Invalid input for param as_of",
    'password authentication failed for user "airflow"',
    "InvalidToken",
    "cryptography.fernet",
    "dbt invocation completed with errors: …",
    "Model '…' finished with status 'error'",
    "Out of Memory Error",
    "XCom not found",
    "Task has the following inactive assets in its inlets or outlets",
    "No such file or directory",
    "No space left on device",
    "Read-only file system",
    "Permission denied",
    "Not a directory",
    "PermissionError",
}


def texts() -> list[str]:
    """What the code may say: the text of its strings, each on one line, and of everything else that is run."""
    found = []
    for folder in ("include", "plugins", "cli", "dags"):
        for path in sorted((PROJECT_DIR / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant | ast.JoinedStr):
                    found += literals(node)
                elif isinstance(node, ast.FunctionDef):
                    found.append(node.name)  # of a task
    scripts = [
        PROJECT_DIR / name
        for name in ("Makefile", "cli/serverless", "cli/make_secrets", "compose.yaml")
    ]
    seeds = sorted((PROJECT_DIR / "include/dbt/seeds").rglob("*.csv")) + sorted(
        (PROJECT_DIR / "include").rglob("*.sql")
    )
    found += [path.read_text() for path in scripts + seeds]
    lines = (re.sub(r"\s+", " ", text).strip(PUNCTUATION) for text in found)
    return [line for line in lines if len(line) >= SHORTEST]


def shown_messages(page: str) -> Iterator[str]:
    """The messages in the first column of the tables of a page that are headed `message`."""
    in_table = False
    for line in (PROJECT_DIR / "docs" / page).read_text().splitlines():
        if line.startswith("| message"):
            in_table = True
        elif not line.startswith("|"):
            in_table = False
        elif in_table and not line.startswith("|-"):
            yield from re.findall(r"`([^`]+)`", line.split(" | ")[0])


def test_every_message_of_the_runbook_is_one_of_the_code() -> None:
    """A row shows a message whole or in part; what the code fills in is `…` or an example."""
    said = texts()
    known, shown = " ".join(said), list(shown_messages("runbook.md"))
    assert len(shown) > 100
    stale = []
    for message in shown:
        pieces = [piece.strip(PUNCTUATION) for piece in message.split("…")]
        pieces = [piece for piece in pieces if len(piece) >= SHORTEST]
        is_said = any(piece in known for piece in pieces) or any(text in message for text in said)
        if pieces and not is_said:
            stale.append(message)
    assert set(stale) == FOREIGN
