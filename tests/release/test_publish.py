"""One publication that cannot be made or sent keeps no other back."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from include.core.errors import ContractError, PlatformError, RemoteError
from include.release import publish as steps

NAMES = ("public_dataset", "flats", "town")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made, saved and sent, in order; `flats` cannot be made and `town` not sent."""
    order: list[str] = []
    runs = [SimpleNamespace(settings=SimpleNamespace(publication=name)) for name in NAMES]

    def step(verb: str, broken: str, error: PlatformError):
        def do(run, *_):
            name = run.settings.publication
            if name == broken:
                raise error
            order.append(f"{verb} {name}")
            return Path(name)

        return do

    monkeypatch.setattr(steps, "publication_runs", lambda run: runs)
    monkeypatch.setattr(steps, "grouped_runs", lambda run: [])
    monkeypatch.setattr(
        steps,
        "_make",
        step("made", "flats", ContractError("held back", where="here", cure="cure it")),
    )
    monkeypatch.setattr(steps, "push", lambda settings: order.append("state saved"))
    monkeypatch.setattr(
        steps,
        "_send",
        step("sent", "town", RemoteError("unreachable", where="there", cure="run again")),
    )
    return order


def test_the_others_are_made_and_sent_and_the_error_says_all(done: list[str]) -> None:
    with pytest.raises(PlatformError) as raised:
        steps.publish(SimpleNamespace(settings=None), {})
    assert done == [
        "made public_dataset", "made town", "state saved", "sent public_dataset", "sent flats",
    ]  # fmt: skip
    assert set(raised.value.what.splitlines()) == {
        "publication flats: held back", "publication town: unreachable",
    }  # fmt: skip
    assert "cure it" in raised.value.cure and "run again" in raised.value.cure
