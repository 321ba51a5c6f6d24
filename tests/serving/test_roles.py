"""Whom Airflow says that somebody is: one role with its simple auth manager, several with FAB."""

from types import SimpleNamespace

import pytest
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

from include.serving.access import Person
from sensor_platform.pages import person


@pytest.mark.parametrize("role", ["viewer", "user", "op", "admin"])
def test_a_user_of_the_simple_auth_manager_has_a_role(role: str) -> None:
    user = SimpleAuthManagerUser(username="jana", role=role)
    assert person(user) == Person("jana", frozenset({role.capitalize()}))


def test_a_user_of_fab_has_several() -> None:
    roles = [SimpleNamespace(name=name) for name in ("Viewer", "Owners")]
    user = SimpleNamespace(roles=roles, get_name=lambda: "jana")
    found = person(user)
    assert found.principals == {"user:jana", "role:Viewer", "role:Owners"}
