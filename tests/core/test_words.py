"""Who searches for a word of the field finds it."""

import pytest

from include.core.settings import PROJECT_DIR

PAGES = " ".join(
    path.read_text().lower()
    for path in (PROJECT_DIR / "README.md", *(PROJECT_DIR / "docs").glob("*.md"))
)


@pytest.mark.parametrize(
    "word",
    [
        "atomic",
        "checksum mismatch",
        "idempotent",
        "incident",
        "invalid",
        "notify",
        "rejected",
        "retry",
        "skipped",
    ],
)
def test_a_word_of_the_field_is_in_the_pages(word: str) -> None:
    assert word in PAGES
