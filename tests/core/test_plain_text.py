"""Text from files stays text, whatever it says."""

import html
import re
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from include.core.plain_text import (
    BREAK,
    LONGEST,
    UNSAFE,
    fenced,
    plain,
    shortened,
    some,
    visible,
    visible_lines,
)

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
# As GitHub finds them in text, after Markdown was rendered.
BARE_LINK = re.compile(r"https?://|ftp://|www\.|[\w.+-]+@\w|@\w|#\d", re.IGNORECASE)
MARKUP = st.lists(
    st.sampled_from(
        ["<", ">", "&", "&lt;", "`", "```", "*", "_", "[", "]", "(", ")", "![x](y)", "[a](http://b.c)", "<script>", "<!--", "-->", "|", "~~", "\\", "#", "1.", "-", "---",
         "=", "+", "\x1b[31m", "\n", "\r\n", "\t", "    ", "\u202e", "\u2028", "\x85", "http://a.bc", "WWW.a.bc", "@team", "a@b.cd", "#1", "$x$", "a_b", "__", "ž°"]
    )
).map("".join)  # fmt: skip
ANY = st.text() | MARKUP
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "a\x1b]0;title\x07b",
    "`` `<b>` ``",
    "[x](javascript:alert(1))",
    "https://evil.example/a_b",
    "@everyone #1",
    "1. x",
    "2) x",
    "--- x",
]


def text_of(rendered: str) -> str:
    """The characters that a reader sees."""
    return html.unescape(re.sub(r"<[^>]*>", "", rendered)).strip("\n")


@given(ANY)
@example(" ".join(HOSTILE))
@example("0\r#")
@example("a ## #")
def test_a_text_renders_in_markdown_as_its_own_characters_and_nothing_else(text: str) -> None:
    made = plain(text)
    assert "<" not in made and "\n" not in made
    assert not [sign for sign in made.replace(BREAK, "") if unicodedata.category(sign) in UNSAFE]
    for before, after, tags in (
        ("", "", {"p"}),
        ("- ", "", {"ul", "li"}),
        ("a ", " b", {"p"}),
        ("### ", "", {"h3"}),
        ("|a|\n|-|\n|", "|", {"table", "thead", "tbody", "tr", "th", "td"}),
    ):
        rendered = MARKDOWN.render(f"{before}{made}{after}")
        assert set(re.findall(r"<(\w+)", rendered)) <= tags, rendered
        seen = text_of(rendered).replace(BREAK, "")
        assert visible(shortened(text.strip())).strip() in seen, rendered
        assert not BARE_LINK.search(text_of(rendered).replace("\u200b", "\u200b ")), rendered


@given(ANY)
@example("```\n[a](b)\n````")
def test_a_block_is_not_left_by_what_it_holds(text: str) -> None:
    rendered = MARKDOWN.render(fenced(text))
    assert set(re.findall(r"<(\w+)", rendered)) == {"pre", "code"}, rendered
    assert text_of(rendered).strip() == visible_lines(text).strip()


@given(ANY)
def test_what_is_shown_has_no_control_characters(text: str) -> None:
    assert not [sign for sign in visible(text) if unicodedata.category(sign) in UNSAFE]
    assert len(visible(text)) == len(text)
    assert visible(visible(text)) == visible(text)


def test_names_stay_readable() -> None:
    for name in (
        "ThermoProSensor_export_CCEA_1769900000.csv",
        "KOT1/VZT 01, Obj. 1/vzt01_temp-tea-sani (°C)",
        "SM2 residential building in Prague-Smíchov",
    ):
        assert plain(name) == name
    assert plain("a < b") == "a &lt; b"


def test_long_texts_and_lists_are_cut_with_a_count() -> None:
    assert len(plain("x" * 5000)) == LONGEST
    assert some(["a", "b", "c"], 2) == "a, b, … and 1 more"
    assert some(["a", "b"], 2) == "a, b"
    assert "… and 1,800 more lines" in fenced("x\n" * 1999)
    assert len(fenced("x" * 100_000)) < 20_100
