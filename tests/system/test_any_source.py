"""Each kind of file is added by the command alone, and the next run publishes it."""

from pathlib import Path

import pytest
from rich.console import Console

from cli import new_datasource
from tests.support.many import use_their_dags
from tests.support.platform import Platform
from tests.support.raw_files import small_drive
from tests.support.samples import KINDS, START, TEMPERATURES

pytestmark = pytest.mark.xdist_group("seeds")


def test_what_the_command_has_added_the_next_run_publishes(
    new_platform, seeds: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    platform: Platform = new_platform()
    small_drive(platform.raw)
    settings = platform.settings
    for kind in KINDS:
        name = kind.name.partition(".")[0]
        sample = platform.drive / f"new/{name}/{kind.name}"
        sample.parent.mkdir(parents=True)
        sample.write_bytes(kind.make())
        options = [str(sample), "--id", name.replace("-", "_"), "--timezone", kind.timezone]
        chosen = new_datasource.parser().parse_args(
            [*options, "--location", f"sm2drive:new/{name}", *kind.options]
        )
        with (tmp_path / "said.txt").open("w") as said:
            new_datasource.add(settings, chosen, Console(file=said, width=200))
    use_their_dags(monkeypatch)

    platform.publish("2026-02-04")
    assert platform.states["refresh"] == "success"
    assert platform.states["aggregate_and_publish"] == "success"
    found = platform.query(
        "select source, measurement, count(*), min(timestamp) = $1::timestamptz, round(avg(value), 9)"
        " from public_dataset_raw where source not in ('Atrea', 'ThermoPro') group by all".replace(
            "$1", f"'{START.isoformat()}'"
        )
    )
    counted = {(source, measurement): number for source, measurement, number, *_ in found}
    assert counted == {
        (kind.name.partition(".")[0].replace("-", "_"), measurement): number
        for kind in KINDS
        for measurement, number in kind.measured.items()
    }
    for source, measurement, number, is_from_start, mean in found:
        assert is_from_start or source == "history", "its first reading is unavailable"
        if measurement.startswith("temp") and number == len(TEMPERATURES):
            assert mean == pytest.approx(sum(TEMPERATURES) / len(TEMPERATURES), abs=1e-6), source
