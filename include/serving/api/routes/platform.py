"""The health of the whole platform: what is wrong with no building alone, and how runs ended."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from include.core import files
from include.core.settings import Settings
from include.ingest.register import DRIVES
from include.monitoring.health import read_health, read_look
from include.monitoring.runs import read_pages
from include.serving.api.answers import PROBLEMS
from include.serving.api.catalogue import View
from include.serving.api.routes.health import finding


def routes(who: Callable[..., View], settings: Settings) -> APIRouter:
    """The router."""
    Seen = Annotated[View, Depends(who)]  # noqa: N806  # a type
    router = APIRouter(tags=["health"], responses=PROBLEMS)

    @router.get("/health", operation_id="get_platform_health")
    def platform(seen: Seen) -> dict[str, Any]:
        """What is wrong with no building alone: incidents of the whole platform, when it was looked
        for them last, and what could not be read of which datasource; null if that never ran.
        """
        owners = {row.datasource_id: row.building_id for row in seen.registry.datasources}
        unread = files.read_or(settings.paths.findings / DRIVES, None)
        look = read_look(settings)
        return {
            "look": look and look.to_json(),
            "findings": [finding(one) for one in read_health(settings) if not one.building_id],
            "unread": unread
            and {
                name: problems
                for name, problems in unread.items()
                if name in owners and seen.sees(owners[name])
            },
        }

    @router.get("/health/runs", operation_id="list_runs", dependencies=[Depends(who)])
    def runs() -> dict[str, Any]:
        """The last run of each DAG, when it last succeeded, and how long its last good runs took,
        in seconds.
        """
        return {"runs": [asdict(one) for one in read_pages(settings)]}

    return router
