"""The platform's pages in Airflow's UI, behind its login: whoever may open Airflow may read them,
nobody else.
"""

from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse

from include.core.settings import PROJECT_DIR, Settings
from include.serving.access import Person
from include.serving.api.app import add_api
from include.serving.page import add_page

DBT_DOCS = PROJECT_DIR / ".dbt/static_index.html"

# No static mount: what is mounted is not covered by these dependencies.
app = FastAPI(
    title="Building data",
    dependencies=[Depends(get_user)],
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
)


def person(user: Annotated[Any, Depends(get_user)]) -> Person:
    """The name and roles of whoever is logged in; SimpleAuthManager knows one role, FAB several."""
    role = getattr(user, "role", None)
    names = [role.capitalize()] if role else [row.name for row in getattr(user, "roles", ())]
    return Person(user.get_name(), frozenset(names))


add_api(app, Settings.from_environment(), person)  # no mount, so that it asks for the login
add_page(app, airflow="../..", models="../dbt" if DBT_DOCS.exists() else "")


@app.get("/dbt")
def dbt_docs() -> FileResponse:
    """The pages that dbt makes of the models."""
    if not DBT_DOCS.exists():
        raise HTTPException(404, "dbt's pages are not built; run `make docs`")
    return FileResponse(DBT_DOCS)
