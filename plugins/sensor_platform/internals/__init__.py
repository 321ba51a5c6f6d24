"""The fence: private parts of Airflow, Cosmos, dbt-duckdb and the Docker provider are used in this
package alone.

Each file names what it relies on with its source upstream. `require_tried` stops the program where
another version of a library is installed, before that breaks it.
"""

from importlib.metadata import version

from include.core.errors import ConfigurationError

TRIED = {
    "apache-airflow": "3.3.",
    "apache-airflow-providers-docker": "4.6.",
    "astronomer-cosmos": "1.15.",
    "dbt-duckdb": "1.11.",
}


def require_tried(package: str) -> None:
    """Stop where another version of a library could break what relies on its private parts.

    Raises ConfigurationError.
    """
    installed, tried = version(package), TRIED[package]
    if not installed.startswith(tried):
        raise ConfigurationError(
            f"{package} {installed} is installed, and its private parts are used as in {tried}x",
            where="plugins/sensor_platform/internals/__init__.py",
            cure=(
                "install the pinned version (make setup); to move on, run the tests with the new"
                " one and note it there"
            ),
        )
