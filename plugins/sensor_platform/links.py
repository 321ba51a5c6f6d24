"""From a task to what it made: links on the page of a task instance."""

from typing import Any

from airflow.sdk import BaseOperatorLink


class ReleaseLink(BaseOperatorLink):
    """The latest release, with its tables."""

    name = "Release"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return "/platform/explorer/#page=release"


class QuarantineLink(BaseOperatorLink):
    """The files that are refused, with what to do."""

    name = "Refused files"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return "/platform/explorer/#page=health"


class DbtDocsLink(BaseOperatorLink):
    """The transformation, model by model (`make docs` builds it)."""

    name = "dbt docs"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return "/platform/dbt"
