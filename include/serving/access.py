"""Who may see which building: the one function that answers, for pages and API alike."""

from dataclasses import dataclass

from include.registry import Registry


@dataclass(frozen=True)
class Person:
    """Somebody who is logged in: the name and the roles that Airflow knows them by."""

    name: str
    roles: frozenset[str]

    @property
    def principals(self) -> frozenset[str]:
        """What a row of grants.csv may call them."""
        return frozenset({f"user:{self.name}", *(f"role:{role}" for role in self.roles)})


def may_read(
    registry: Registry, person: Person | None, publication_id: str, building_id: str
) -> bool:
    """Whether somebody may read a building in the releases of a publication.

    What is public, all may read. What is restricted, those whom a row of grants.csv names, for the
    publication or for the building. A building that was restricted after it was published is
    restricted.

    Args:
        registry: of all buildings.
        person: None: somebody without a login.
        publication_id: whose release it is.
        building_id: a building in that release.
    """
    rows = (row for row in registry.publications if row.publication_id == publication_id)
    publication = next(rows, None)
    if publication is None:
        return False
    is_restricted = publication.access == "restricted"
    # by the rows of publications alone: a building may have lost its own row
    closed = (row for row in registry.publications if row.access == "restricted")
    if not is_restricted and not any(row.names(building_id) for row in closed):
        return True
    scopes = {("building", building_id)} | (
        {("publication", publication_id)} if is_restricted else set()
    )
    return person is not None and any(
        grant.principal in person.principals and (grant.scope, grant.scope_id) in scopes
        for grant in registry.grants
    )
