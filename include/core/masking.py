"""Removes secrets from what people read: errors, logs, the summary of a run.

Remotes can carry their secrets in their name
(`:webdav,url='https://user:secret@host/x',pass=secret:path`), in the query of a URL or in
`RCLONE_CONFIG_<NAME>_…`, and rclone repeats them in its messages. The exact values are removed
where they are known, and whatever looks like a secret in the rest.
"""

import json
import re
from collections.abc import Iterable

MASK = "***"
# a shorter value, such as `true`, may be a word of the message; the patterns below mask it in its
# place
SHORTEST = 6
# Parameters of a remote whose values help to find the cause and open nothing.
HARMLESS = (
    *(
        "type",
        "url",
        "remote",
        "upstreams",
        "host",
        "port",
        "user",
        "domain",
        "region",
        "endpoint",
        "provider",
        "vendor",
        "scope",
    ),
    *(
        "root_folder_id",
        "team_drive",
        "drive_id",
        "account",
        "bucket",
        "location_constraint",
        "acl",
        "storage_class",
        "env_auth",
    ),
)
_SECRET_NAME = (
    r"[\w.-]*(?:pass|pwd|secret|token|credential|auth|bearer|cookie|header|signature|sas|key|private)"
    r"[\w.-]*"
)
_VALUE = r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.|"")*"|[^\s,:;&'"]+"""
_PATTERNS = (
    # the part before the last @ of a URL's host: https://user:secret@host
    (re.compile(r"(\b[a-z][\w+.-]*://)[^\s/?#'\"]*@", re.IGNORECASE), rf"\1{MASK}@"),
    # all of a URL's query and fragment
    (re.compile(r"(\b[a-z][\w+.-]*://[^\s?#'\"]*)[?#][^\s'\"]+", re.IGNORECASE), rf"\1?{MASK}"),
    # name=value, and "name": "value" of JSON
    (re.compile(rf"\b({_SECRET_NAME})(=)(?:{_VALUE})", re.IGNORECASE), rf"\1\2{MASK}"),
    (
        re.compile(rf'(\\?"{_SECRET_NAME}\\?"\s*:\s*)\\?"(?:[^"\\]|\\[^"])*\\?"', re.IGNORECASE),
        rf"\1{MASK}",
    ),
    (
        re.compile(r"\b(Authorization\W{1,4}(?:Bearer|Basic)|Bearer)\s+[\w.~+/=-]+", re.IGNORECASE),
        rf"\1 {MASK}",
    ),
)
_PARAMETER = re.compile(r",([\w-]+)=('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[^,:]*)")
_URL_SECRET = re.compile(r"://[^\s/?#'\"]*?:([^\s/?#'\"]*)@|[?&#][^=&#\s'\"]*=?([^&#\s'\"]+)")
_known: set[str] = set()


def remember(secrets: Iterable[str]) -> None:
    """Mask these values from now on, wherever they stand."""
    for secret in secrets:
        for form in (secret, *_inside_json(secret)):
            if len(form) >= SHORTEST:
                _known.add(form)


def secrets_of(remote: str) -> set[str]:
    """The secret values in the name of a remote, such as `:sftp,host=h,pass=secret:path`."""
    found = set()
    for name, quoted in _PARAMETER.findall(remote):
        value = (
            quoted[1:-1].replace(quoted[0] * 2, quoted[0])
            if quoted[:1] in ("'", '"') and len(quoted) > 1
            else quoted
        )
        found |= _in_url(value) if name.lower() in HARMLESS else {value}
    return found | _in_url(remote)


def secrets_of_variable(name: str, value: str) -> set[str]:
    """The secret values in a variable such as `RCLONE_CONFIG_<NAME>_PASS`; of `…_URL` and
    `…_REMOTE` only what is secret in them.
    """
    name = name.lower()
    opens_nothing = any(
        name.endswith(f"_{harmless}") for harmless in HARMLESS
    ) and not name.endswith("_sas_url")
    return secrets_of(value) if opens_nothing else {value}


def mask(text: str) -> str:
    """The text with each secret replaced by `***`."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _in_url(text: str) -> set[str]:
    return (
        {part for found in _URL_SECRET.findall(text) for part in found if part}
        if "://" in text
        else set()
    )


def _inside_json(text: str) -> list[str]:
    """The strings in a token or a key file, which rclone takes as JSON."""
    try:
        content = json.loads(text)
    except ValueError:
        return []
    return (
        [value for value in content.values() if isinstance(value, str) and len(value) > SHORTEST]
        if isinstance(content, dict)
        else []
    )
