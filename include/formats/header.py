"""The names of a file's columns."""

from include.formats.rejected import Refused


def no_header(line: int) -> Refused:
    """The refusal of a file that ends before its header."""
    return Refused(
        "header",
        f"the file ends before the header in line {line}",
        where=f"line {line}",
        cure="Export it again",
    )


def check_names(columns: list[str], where: str) -> None:
    """Refuse names that do not say which column is which; columns at the right may lack one."""
    named = [name for name in columns if name]
    if not named:
        raise Refused("header", "the header is empty", where=where, cure="Export it again")
    if "" in columns[: len(named)]:
        raise Refused(
            "header",
            "a column in the middle has no name",
            where=where,
            cure="Name it, or export again",
        )
    doubled = sorted({name for name in named if named.count(name) > 1})
    if doubled:
        raise Refused(
            "header",
            f"column names appear twice: {', '.join(doubled)}",
            where=where,
            cure="Export each column once",
        )
