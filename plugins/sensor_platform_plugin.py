"""Registers the platform with Airflow. The only file that Airflow scans here."""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from sensor_platform import run_notes
from sensor_platform.links import DbtDocsLink, QuarantineLink, ReleaseLink


async def pages(scope: Any, receive: Any, send: Any) -> None:
    """Only the API server pays for importing them."""
    from sensor_platform.pages import app

    await app(scope, receive, send)


class SensorPlatformPlugin(AirflowPlugin):
    """What Airflow shows of this platform beside its own pages."""

    name = "sensor_platform"
    fastapi_apps = [{"app": pages, "url_prefix": "/platform", "name": "Explorer"}]
    # Airflow's menu cuts names of more than eight letters
    external_views = [
        {
            "name": "Explorer",
            "href": "/platform/explorer/",
            "destination": "nav",
            "url_route": "platform",
        }
    ]
    operator_extra_links = [ReleaseLink(), QuarantineLink(), DbtDocsLink()]
    listeners = [run_notes]
