"""How Parquet is written by SQL, here and in dbt: the variable `parquet` of dbt_project.yml."""

from typing import Any

import yaml

from include.core import files
from include.core.settings import PROJECT_DIR

_PROJECT: dict[str, Any] = yaml.safe_load(
    files.read_source(PROJECT_DIR / "include/dbt/dbt_project.yml")
)
PARQUET = (  # options of `copy … to`
    f"format parquet, compression zstd, {_PROJECT['vars']['parquet']}"
)
# Of a release: nobody looks up a time or a value by equality, which is what Bloom filters are for.
# What is stored keeps them: other bytes would be another revision of every archived month.
PUBLISHED = f"{PARQUET}, write_bloom_filter false"
