"""`make api`: the explorer and the JSON API of public releases, on this machine alone, without a
login. Restricted publications are not in it.
"""

import os
import sys
from pathlib import Path

import uvicorn

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from cli.environment import prepare_environment  # noqa: E402
from include.core.settings import Settings  # noqa: E402
from include.serving.api.app import PREFIX, create_app  # noqa: E402
from include.serving.page import add_page  # noqa: E402


def main() -> int:
    """Serve until Ctrl-C. Returns the exit code."""
    prepare_environment(PROJECT)
    port = int(os.environ.get("PORT", "8090"))
    app = create_app(Settings.from_environment())
    add_page(app)
    print(f"http://127.0.0.1:{port}/explorer/ and http://127.0.0.1:{port}{PREFIX}")
    uvicorn.run(app, port=port, log_level="warning")
    return 0


if __name__ == "__main__":
    sys.exit(main())
