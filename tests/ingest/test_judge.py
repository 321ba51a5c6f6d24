"""Verdicts that depend on other files do not depend on which file came first."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from include.core import files
from include.core.settings import PROJECT_DIR, Settings
from include.ingest.judge import SkippedChecks, judge
from include.ledger.ledger import FileVersion, Ledger
from include.planning.plan import rank
from include.registry import Registry, Run, load_registry
from include.registry.rows import Withdrawal

REGISTRY = load_registry(PROJECT_DIR / "include/dbt/seeds")
AS_OF = datetime(2026, 4, 2, tzinfo=UTC)
DMY, MDY = "%d/%m/%Y", "%m/%d/%Y"
LONG_AGO = 1_600_000_000  # an export time that decides nothing: no reading is near it


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sets(st.dates(date(2024, 1, 1), date(2026, 3, 28)), min_size=1, max_size=4),
            st.sampled_from([DMY, MDY]),
        ),
        min_size=2,
        max_size=5,
    ),
    st.randoms(use_true_random=False),
)
def test_any_order_of_arrival_gives_the_same_verdicts_and_date_orders(
    exports: list[tuple[set[date], str]], shuffled
) -> None:
    names = list(range(len(exports)))
    outcomes = []
    for _ in range(2):
        outcomes.append(
            arrive(
                [(f"ThermoProSensor_export_493D_{LONG_AGO + n}.csv", *exports[n]) for n in names]
            )
        )
        shuffled.shuffle(names)
    assert outcomes[0] == outcomes[1]


def arrive(exports: list[tuple[str, set[date], str]]) -> dict[str, tuple[str, str]]:
    """Files of one device come one by one, a run each: path → verdict and date format."""
    with TemporaryDirectory() as folder:
        platform, ledger = replace(Settings.from_environment(), data_dir=Path(folder)), Ledger()
        for export in exports:
            ledger = judged_after(platform, ledger, *export)
        return {
            v.path: (v.verdict, v.layout.date_format if v.layout else "") for v in ledger.versions
        }


def judged_after(
    platform: Settings, ledger: Ledger, path: str, days: set[date], format_: str
) -> Ledger:
    """The ledger after a run that brought one file."""
    lines = [f"{day:{format_}},{hour}:00,20.5,40" for day in sorted(days) for hour in (0, 12)]
    content = "\n".join(
        [
            "Timestamp,ThermoPro 493D",
            "Date,Time,Temperature_Celsius,Relative_Humidity(%)",
            *lines,
            "",
        ]
    )
    temporary = platform.data_dir / "new"
    temporary.write_text(content)
    digest = files.sha256(temporary)
    files.move(temporary, platform.paths.landed("sm2", "sm2_thermopro", digest))
    arrived = FileVersion(
        0, "sm2_thermopro", "sm2", path, len(content), "", digest, AS_OF, "refused"
    )
    return judged_again(platform, REGISTRY, ledger, [arrived, *ledger.refused()])


def judged_again(
    platform: Settings, registry: Registry, ledger: Ledger, versions: list[FileVersion]
) -> Ledger:
    datasource = registry.datasource("sm2_thermopro")
    return ledger.with_versions(
        judge(Run(platform, registry, AS_OF), datasource, ledger, versions, SkippedChecks())
    )


OPEN = ("ThermoProSensor_export_493D_1600000001.csv", {date(2025, 4, 5)}, DMY)
PROOF = ("ThermoProSensor_export_493D_1600000002.csv", {date(2025, 4, 25)}, DMY)


def test_the_other_files_of_a_device_decide_also_if_they_come_later() -> None:
    assert arrive([OPEN])[OPEN[0]][0] == "refused"
    assert (
        arrive([OPEN, PROOF])
        == arrive([PROOF, OPEN])
        == {OPEN[0]: ("accepted", DMY), PROOF[0]: ("accepted", DMY)}
    )


def test_a_file_that_is_withdrawn_proves_nothing_any_more_and_its_own_refusal_is_over(
    tmp_path: Path,
) -> None:
    platform = replace(Settings.from_environment(), data_dir=tmp_path)
    ledger = judged_after(platform, judged_after(platform, Ledger(), *PROOF), *OPEN)
    proof, open_ = ledger.versions
    withdrawal = Withdrawal.model_validate(
        {
            "line": 2,
            "sha256": proof.sha256,
            "reason": "wrong",
            "owner": "Jana",
            "from": "2026-01-01",
        }
    )
    ledger = judged_again(platform, replace(REGISTRY, withdrawals=(withdrawal,)), ledger, [])
    refused = ledger.versions[1]
    assert (
        refused.verdict == "refused"
        and refused.was_accepted
        and refused.months == open_.months == ("2025-04",)
    )
    assert ledger.without_gone("sm2_thermopro", []).refused() == [refused], (
        "that it is not on the drive may be the fault"
    )
    assert ledger.without_gone("sm2_thermopro", [], {refused.sha256}).refused() == []


def test_a_file_that_does_not_fit_a_changed_seed_stays_as_it_was_read_in_every_later_run(
    tmp_path: Path,
) -> None:
    platform = replace(Settings.from_environment(), data_dir=tmp_path)
    ledger = judged_after(platform, Ledger(), *PROOF)
    mappings = tuple(
        row.model_copy(update={"timestamp_column": row.timestamp_column.replace("Date", "Datum")})
        for row in REGISTRY.datasource_mappings
    )
    for _ in range(2):
        ledger = judged_again(
            platform, replace(REGISTRY, datasource_mappings=mappings), ledger, list(ledger.versions)
        )
        (version,) = ledger.versions
        assert (
            version.verdict == "accepted"
            and version.layout is not None
            and version.layout.date_format == DMY
        )
        assert [finding.check for finding in version.findings if "read" in finding.check] == [
            "read_as_before"
        ]


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 5), st.integers(0, 3), st.integers(0, 3), st.none() | st.integers(0, 9)
        ),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_the_rank_of_exports_does_not_depend_on_their_order(
    facts: list[tuple[int, int, int, int | None]], shuffled
) -> None:
    """Of one path the sequence counts; else the time of export alone, or where names hold none the last reading."""

    def at(hours: int) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)

    versions = [
        FileVersion(
            n + 1, "d", "b", f"{path}", 1, "", f"{n:064}", AS_OF, "accepted",
            first_reading=at(first), last_reading=at(first + length), exported=None if exported is None else at(exported),
        )
        for n, (path, first, length, exported) in enumerate(facts)
    ]  # fmt: skip
    ranked, by_number = rank(versions), versions
    paths = {version.path for version in versions}
    assert [v.number for path in sorted(paths) for v in ranked if v.path == path] == [
        v.number for path in sorted(paths) for v in by_number if v.path == path
    ]
    newest = {v.path: v for v in by_number}
    ends = [newest[v.path] for v in ranked if newest[v.path] is v]
    for earlier, later in pairwise(ends):
        assert (earlier.exported or earlier.last_reading) <= (later.exported or later.last_reading)
