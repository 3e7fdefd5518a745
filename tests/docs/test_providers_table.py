"""The page on providers says what the registry and the catalogue say."""

from datetime import date

from tests.docs import providers_table

from overpaint.catalogue import Model, Output, Price, State
from overpaint.geometry import Extent
from overpaint.providers import registry
from overpaint.sizes import Sizes


def test_the_page_is_up_to_date() -> None:
    """Whoever changes a provider or a model list writes the page anew."""
    page = providers_table.PAGE.read_text(encoding="utf-8")

    assert page == providers_table.with_tables(page), (
        "run: .venv/bin/python -m tests.docs.providers_table"
    )


def test_every_built_in_provider_has_a_row() -> None:
    """No provider is left out, and none that another package added on this machine slips in."""
    rows = providers_table.tables()

    assert "embedded" in registry.names()
    assert all(f"(`{name}`)" in rows for name in providers_table.built_in())


def test_a_model_says_all_that_is_known_of_it() -> None:
    """Sizes, prices, state and successor of a model are in its row."""
    old = Model(
        id="old",
        title="Old",
        state=State.DEAD,
        ends=date(2026, 10, 23),
        successor="new",
        sizes=Sizes(fixed=(Extent(1024, 1024), Extent(1536, 1024))),
        price=Price(steps=((1 << 20, 0.04), (4 << 20, 0.1)), per_input=0.01),
        tiers={"low": Price(steps=((4 << 20, 0.01),))},
        references=3,
        note="It never | edited pictures.",
    )
    text = Model(id="words", title="Words", output=Output.TEXT)

    section = providers_table.models("acme", "Acme", [old, text])

    assert section.endswith(
        "| `old` (default) | pictures | 1024x1024, 1536x1024 | 3 | $0.04 up to 1 MP, $0.1 above, "
        "$0.01 more for each picture sent; low: $0.01 | gone (2026-10-23) | "
        "It never &#124; edited pictures. Use `new` instead. |\n"
        "| `words` | text only |  |  |  | works |  |\n"
    )


def test_sizes_are_said_in_words() -> None:
    """Limits appear where there are any."""
    free = Sizes(
        native=1 << 20,
        multiple=16,
        max_edge=3840,
        min_pixels=655_360,
        max_pixels=8_294_400,
        max_aspect=3.0,
    )

    assert providers_table.sizes(Sizes()) == "any"
    assert providers_table.sizes(Sizes(aspects=((1, 1), (3, 2)), native=1 << 20)) == (
        "1:1, 3:2; best at 1 MP"
    )
    assert providers_table.sizes(free) == (
        "multiples of 16; edges to 3840; 0.625 to 7.91 MP; at most 3:1; best at 1 MP"
    )
