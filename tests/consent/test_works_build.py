"""Building the list of works: marks, what wins, what is nobody's; the same bytes each time."""

from pathlib import Path

import pytest

from consent.works.build import (
    FOLDER,
    Row,
    main,
    merge,
    read_hand_written,
    read_public_domain,
    read_table,
    write,
)
from consent.works.catalogue import parse_catalogue

HEAD = "name,franchise,kind,alias,source"


def entry(name: str, kind: str = "character", franchise: str = "", alias: str = "") -> dict[str, str]:
    return {"name": name, "franchise": franchise, "kind": kind, "alias": alias, "source": "table"}


def names_of(row: dict[str, str], free: frozenset[str] = frozenset()) -> tuple[str, ...]:
    (read,) = read_table([row], free)
    return read.names


def test_a_hand_written_section_gives_kind_franchise_and_holder() -> None:
    rows = list(
        read_hand_written(
            "# why\n[character | Zorboverse | Zorbo Ltd]\nZorbo=~Zo; ?Dash\n[film | Film | various]\nA B\n"
        )
    )
    assert rows == [
        Row(("Zorbo", "~Zo"), "Zorboverse", "character", "Zorbo Ltd"),
        Row(("?Dash",), "Zorboverse", "character", "Zorbo Ltd"),
        Row(("A B",), "Film", "film", ""),
    ]


def test_public_domain_names_are_read_folded() -> None:
    assert read_public_domain("# nobody's\nRobin Hood; Baba Yaga\n") == {"robinhood", "babayaga"}


@pytest.mark.parametrize(
    ("row", "names"),
    [
        (
            entry("Bulbasaur", franchise="Pokémon", alias="フシギダネ|Fushigidane"),
            ("~Bulbasaur", "フシギダネ"),
        ),
        (entry("Persian", franchise="Pokémon"), ("?Persian",)),
        (entry("Link", franchise="Zelda"), ("?Link",)),
        (entry("Great Deku Tree", franchise="Zelda"), ("~Great Deku Tree",)),
        (entry("Old Woman", franchise="Zelda"), ("?Old Woman",)),
        (entry("Denethor (First Age)", franchise="Tolkien"), ("?Denethor",)),
        (entry("The Zorbo Files", "tv_title"), ("~The Zorbo Files",)),
        (entry("Zorbofiles", "tv_title"), ("?Zorbofiles",)),
        (entry("Porsche", "brand"), ("~Porsche",)),
        (entry("Visa Inc.", "brand"), ("?Visa",)),
        (entry("The Goldman Sachs Group, Inc.", "brand"), ("~Goldman Sachs",)),
        (entry("Macy’s, Inc.", "brand"), ("~Macy's",)),
    ],
)
def test_a_table_row_gets_the_marks_that_its_name_needs(row: dict[str, str], names: tuple[str, ...]) -> None:
    assert names_of(row) == names


def test_a_name_that_is_also_nobodys_needs_a_cue() -> None:
    assert names_of(entry("Bulbasaur", franchise="Pokémon"), frozenset({"bulbasaur"})) == ("?Bulbasaur",)


@pytest.mark.parametrize(
    "row", [entry("Zeus", "public_domain_control"), entry("Family", "tv_title"), entry("Heat", "film_title")]
)
def test_what_is_nobodys_or_only_a_word_is_left_out(row: dict[str, str]) -> None:
    assert list(read_table([row], frozenset())) == []


def test_what_is_written_by_hand_wins_and_takes_the_tables_aliases() -> None:
    written = Row(("Pikachu", "Pika Chu"), "Pokémon", "character", "Nintendo")
    (row,) = merge([Row(("~Pikachu", "ピカチュウ"), "", "character", source="table")], [written])
    assert row == Row(
        ("Pikachu", "Pika Chu", "ピカチュウ"), "Pokémon", "character", "Nintendo", "hand-written|table"
    )


def test_a_title_of_the_and_one_word_needs_a_cue() -> None:
    (row,) = merge([], [Row(("The Quorble", "Quorble Returns"), "", "film")])
    assert row.names == ("?The Quorble", "Quorble Returns")


def test_the_file_lists_characters_first_and_reads_back(tmp_path: Path) -> None:
    rows = [Row(("Nokkia",), "", "brand"), Row(("Zorbo", "~Zo"), "Zorboverse", "character", "Zorbo Ltd")]
    assert write(rows, tmp_path / "out.csv") == 2
    works = parse_catalogue((tmp_path / "out.csv").read_text(encoding="utf-8")).works
    assert [(work.name, work.kind, work.holder) for work in works] == [
        ("Zorbo", "character", "Zorbo Ltd"),
        ("Nokkia", "brand", ""),
    ]


def test_the_command_writes_the_same_bytes_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "names.csv"
    table.write_text(
        f"{HEAD}\nBulbasaur,Pokémon,character,フシギダネ,table\nZeus,,public_domain_control,,table\n",
        encoding="utf-8",
    )
    for name in ("one.csv", "two.csv"):
        assert main([str(table), "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert "works written to" in capsys.readouterr().out


def test_a_dry_run_says_what_would_change_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, built = tmp_path / "names.csv", tmp_path / "out.csv"
    table.write_text(f"{HEAD}\nBulbasaur,Pokémon,character,フシギダネ,table\n", encoding="utf-8")
    assert main([str(table), "--out", str(built)]) == 0
    before = built.read_bytes()
    table.write_text(f"{HEAD}\nZorbofant,Pokémon,character,,table\n", encoding="utf-8")
    capsys.readouterr()
    assert main([str(table), "--out", str(built), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "Zorbofant | Pokémon | character | table" in said
    assert "\n1 added, 0 removed, 1 changed" in f"\n{said}"
    assert built.read_bytes() == before


def test_without_a_table_the_rows_of_the_present_list_stay(tmp_path: Path) -> None:
    built = tmp_path / "out.csv"
    built.write_bytes((FOLDER / "works.csv").read_bytes())
    assert main(["--out", str(built)]) == 0
    assert built.read_bytes() == (FOLDER / "works.csv").read_bytes()


def test_the_shipped_list_holds_every_hand_written_work() -> None:
    listed = parse_catalogue((FOLDER / "works.csv").read_text(encoding="utf-8")).works
    keys = {(work.franchise, work.name) for work in listed}
    for row in read_hand_written((FOLDER / "works.txt").read_text(encoding="utf-8")):
        primary = row.names[0].lstrip("~?")
        assert (row.franchise, primary) in keys or any(
            primary in {alias.text for alias in work.names} for work in listed
        ), row
