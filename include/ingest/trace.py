"""From a published reading back to the raw record that it was read from."""

from dataclasses import dataclass

from include.core.errors import ConfigurationError
from include.formats.declared import Declared
from include.formats.opening import member_of, open_file
from include.formats.rejected import Refused
from include.ledger.ledger import FileVersion, Ledger
from include.ledger.pack import Pack
from include.registry import Run
from include.sources.landed import is_landed_whole, is_whole_here


@dataclass(frozen=True)
class Origin:
    """Where a reading comes from.

    Attributes:
        path: of the file on its drive, or of the pack.
        sha256: of the file as received; of the one in the pack.
        member: the file in the pack or archive; empty if the path is that of the file.
        columns: columns of the file (paths of JSON) that hold what was asked for.
        text: the record as it is in the file; of a format that is no text, as JSON.
    """

    path: str
    sha256: str
    member: str
    columns: tuple[str, ...]
    text: str


def trace(
    run: Run,
    building_id: str,
    source_file: int,
    source_line: int,
    sensor_id: str = "",
    fetch: bool = True,
) -> Origin:
    """The raw record of a reading, by its columns `source_file` and `source_line`.

    Args:
        run: whose ledger and landing are read.
        building_id: the reading's.
        source_file: the number of a file version of the building.
        source_line: a line, or the row of a record, from 1.
        sensor_id: names the columns; empty: all that are mapped.
        fetch: a file that is not here, from the state remote or its drive.

    Raises:
        ConfigurationError: there is no such file, or line; or no copy of it is left.
    """
    version = _version(run, building_id, source_file)
    raw = version.raw(run.settings.paths)
    is_there = (
        is_landed_whole(run, version) if fetch else is_whole_here(run.settings.paths, version)
    )
    if not is_there:
        raise _unknown("no copy of the file is left here, on the state remote or on the drive")
    datasource = run.registry.datasource(version.datasource_id)
    declared = Declared.of(run.registry, datasource)
    try:
        with open_file(raw, declared.format) as file:
            file.header(declared.named_columns)
            text = file.texts([source_line])[source_line]
            member, sha256 = member_of(file, source_line) or "", version.sha256
    except (KeyError, IndexError, Refused):
        raise _unknown(f"the file has no line {source_line}, as it is declared now") from None
    if isinstance(raw, Pack):
        one = raw.members().slice(source_line - 1, 1).to_pylist()[0]
        member, sha256 = one["name"], one["sha256"]
    wanted = {
        row.raw_name
        for row in run.registry.sensor_mappings
        if row.datasource_id == version.datasource_id and sensor_id in ("", row.sensor_id)
    }
    found = version.layout.columns if version.layout else ()
    columns = tuple(column for column in found if column in wanted)
    return Origin(version.path, sha256, member, columns, text.decode(errors="replace"))


def _version(run: Run, building_id: str, number: int) -> FileVersion:
    for version in Ledger.read(run.settings.paths, building_id).versions:
        if version.number == number:
            return version
    raise _unknown(f"{building_id!r} has no file {number}")


def _unknown(what: str) -> ConfigurationError:
    return ConfigurationError(
        what,
        where="source_file and source_line",
        cure="take them, with building_id, from a row of public_dataset_raw of this installation",
    )
