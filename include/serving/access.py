"""Who may see what: the one function that answers, for pages and API alike."""

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


@dataclass(frozen=True)
class Access:
    """How much of a building somebody may read.

    Attributes:
        places: ids of the nodes of the hierarchy below which they may read; None: all of the
            building, with its health, raw lines and files.
        hidden: measurements of devices' health, which are of the whole building alone.
    """

    places: frozenset[str] | None = None
    hidden: frozenset[str] = frozenset()

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the building."""
        return self.places is None


WHOLE = Access()


def access_to(
    registry: Registry, person: Person | None, publication_id: str, building_id: str
) -> Access | None:
    """What somebody may read of a building in the releases of a publication; None: nothing.

    What is public, all may read. What is restricted, those whom a row of grants.csv names, for the
    publication, for the building, or for some of its places. A building that was restricted after
    it was published is restricted.

    Args:
        registry: of all buildings.
        person: None: somebody without a login.
        publication_id: whose release it is.
        building_id: a building in that release.
    """
    rows = (row for row in registry.publications if row.publication_id == publication_id)
    publication = next(rows, None)
    if publication is None:
        return None
    is_restricted = publication.access == "restricted"
    # by the rows of publications alone: a building may have lost its own row
    closed = (row for row in registry.publications if row.access == "restricted")
    if not is_restricted and not any(row.names(building_id) for row in closed):
        return WHOLE
    if person is None:
        return None
    own = [grant for grant in registry.grants if grant.principal in person.principals]
    scopes = {("building", building_id)} | (
        {("publication", publication_id)} if is_restricted else set()
    )
    if any((grant.scope, grant.scope_id) in scopes for grant in own):
        return WHOLE
    places = frozenset(
        grant.scope_id
        for grant in own
        if grant.scope == "place" and registry.roots.building_of(grant.scope_id) == building_id
    )
    if not places:
        return None
    hidden = frozenset(
        row.measurement
        for row in registry.fact_columns
        if row.building_id == building_id and row.fact == "device_health"
    )
    return Access(places, hidden)
