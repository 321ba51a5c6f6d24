"""Calls functions of the explorer's TypeScript: Node runs it without a build."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "explorer/src"
NODE = shutil.which("node", path=str(Path(sys.prefix) / "bin"))


def call(script: str, given: Any) -> Any:
    """What a script gives that has `given`, and imports from files of explorer/src."""
    program = f"""
import {{ readFileSync }} from "node:fs";
const given = JSON.parse(readFileSync(0, "utf8"));
const give = (found) => process.stdout.write(JSON.stringify(found));
{script}
"""
    assert NODE is not None
    done = subprocess.run(
        [NODE, "--input-type=module-typescript", "--no-warnings", "--eval", program],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        cwd=SOURCE,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
