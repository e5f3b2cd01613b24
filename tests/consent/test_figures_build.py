"""Building the list of public figures: what wins, what is left out, what needs context; the same bytes each time."""

import csv
from pathlib import Path

import pytest

from consent.public_figures.build import (
    FOLDER,
    HAND_WRITTEN,
    Row,
    main,
    mark,
    merge,
    read_hand_written,
    read_people,
    write,
)
from consent.public_figures.roster import parse_roster

HEAD = "name,aliases,status,birth_year,death_year,category,sources,qid,hpi,sitelinks"


def person(name: str, status: str = "unknown", born: str = "", died: str = "", **more: str) -> dict[str, str]:
    row = {"name": name, "aliases": "", "status": status, "birth_year": born, "death_year": died}
    return row | {"category": "actor", "sources": "table"} | more


def only(row: dict[str, str]) -> Row:
    (read,) = read_people([row])
    return read


def test_a_hand_written_section_gives_its_fields_year_and_marks() -> None:
    rows = list(read_hand_written("# why\n@as_of 2025\n[singer|actor]\nOrla Brennivin=~Orla; Ivo Pleskov\n"))
    assert rows == [
        Row("Orla Brennivin", ("~Orla",), "living", fields=("singer", "actor"), as_of="2025"),
        Row("Ivo Pleskov", (), "living", fields=("singer", "actor"), as_of="2025"),
    ]


def test_a_hand_written_death_has_a_date_and_one_without_is_left_out() -> None:
    rows = list(read_hand_written("[]\nOrla Brennivin@1999-02-03; Ivo Pleskov@; Ada Quux=Addy@2001"))
    assert [(row.name, row.status, row.died) for row in rows] == [
        ("Orla Brennivin", "dead", "1999-02-03"),
        ("Ada Quux", "dead", "2001"),
    ]


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (person("A Bee", "presumed living — verify", "1970"), "living"),
        (person("A Bee", "presumed living — verify", "1930"), "unknown"),
        (person("A Bee", "presumed living — verify"), "unknown"),
        (person("A Bee", "living (as of 2026 snapshot)", "1930"), "living"),
        (person("A Bee", "deceased (born before 1905)", "1870"), "dead"),
        (person("A Bee", "unknown", "1970"), "unknown"),
        (person("A Bee", "unknown", "1970", "2001"), "dead"),
    ],
)
def test_a_presumption_is_kept_only_where_a_death_would_have_been_known(
    row: dict[str, str], status: str
) -> None:
    assert only(row).status == status


def test_the_year_of_a_snapshot_is_kept_and_a_presumption_has_none() -> None:
    assert only(person("A Bee", "living (as of 2026 snapshot)")).as_of == "2026"
    assert only(person("A Bee", "presumed living — verify", "1970")).as_of == ""


@pytest.mark.parametrize("name", ["Jos\ufffd Sulaim", "The Hills", "Jack Taylor & family", "Agent 47"])
def test_garbled_names_and_rows_that_are_no_person_are_left_out(name: str) -> None:
    assert list(read_people([person(name)])) == []


def test_a_nickname_in_quotes_gives_the_plain_name_as_an_alias() -> None:
    assert only(person('Jim "The Rocket" Quux')).aliases == ("Jim Quux",)


def test_one_word_aliases_of_the_table_are_left_out() -> None:
    assert only(person("Orla Brennivin", aliases="Orla|Orla B. Brennivin")).aliases == ("Orla B. Brennivin",)


def test_what_is_written_by_hand_wins_and_takes_the_rest_from_the_table() -> None:
    written = Row("Orla Brennivin", ("OB",), "dead", died="2020", fields=("singer",))
    listed = Row(
        "ORLA BRENNIVIN", ("Orla X. Brennivin",), "living", "1970", fields=("actor",), source="table"
    )
    (row,) = merge([listed], [written])
    assert (row.name, row.status, row.died, row.born) == ("Orla Brennivin", "dead", "2020", "1970")
    assert row.aliases == ("OB", "Orla X. Brennivin")
    assert row.fields == ("singer", "actor")
    assert row.source == "hand-written|table"


def test_a_table_row_whose_name_is_an_alias_joins_its_person() -> None:
    written = Row("Orla Brennivin", ("?Orla", "Orla Bee Brennivin"), "living")
    (row,) = merge([Row("Orla Bee Brennivin", (), "unknown", "1970", source="table")], [written])
    assert (row.name, row.born, row.status) == ("Orla Brennivin", "1970", "living")


@pytest.mark.parametrize(
    ("name", "listed", "marked"),
    [
        ("Orla Brennivin", True, "Orla Brennivin"),
        ("Orla", True, "?Orla"),
        ("Orla", False, "Orla"),
        ("Mark Baker", True, "?Mark Baker"),
        ("Mark Baker", False, "~Mark Baker"),
        ("Will Young", False, "~Will Young"),
        ("Linda Carter", False, "Linda Carter"),
        ("Linda Carter", True, "?Linda Carter"),
        ("The Fogbanks", True, "?The Fogbanks"),
        ("~Orla", True, "~Orla"),
        ("習近平", True, "習近平"),
    ],
)
def test_a_name_is_marked_by_how_many_it_could_mean(name: str, listed: bool, marked: str) -> None:
    assert mark(name, listed) == marked


def test_the_file_lists_the_living_first_and_reads_back(tmp_path: Path) -> None:
    rows = [
        Row("Zoe Dead", (), "dead", died="1990"),
        Row("Ann Living", ("~Anny",), "living", "1970", fields=("actor",)),
    ]
    assert write(rows, tmp_path / "out.csv") == 2
    figures = parse_roster((tmp_path / "out.csv").read_text(encoding="utf-8")).figures
    assert [figure.name for figure in figures] == ["Ann Living", "Zoe Dead"]
    assert [alias.text for alias in figures[0].aliases] == ["Ann Living", "Anny"]
    assert figures[0].born == 1970


def test_the_command_writes_the_same_bytes_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = tmp_path / "people.csv"
    people.write_text(f"{HEAD}\nOrla Brennivin,,unknown,1970,,actor,table,,,\n", encoding="utf-8")
    for name in ("one.csv", "two.csv"):
        assert main([str(people), "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert "figures written to" in capsys.readouterr().out


def test_the_shipped_list_holds_every_hand_written_person() -> None:
    shipped = parse_roster((FOLDER / "figures.csv").read_text(encoding="utf-8"))
    names = {figure.name for figure in shipped.figures}
    for file in HAND_WRITTEN[:2]:
        for row in read_hand_written((FOLDER / file).read_text(encoding="utf-8")):
            assert row.name.lstrip("~?") in names, row.name


def test_no_hand_written_person_is_both_living_and_dead() -> None:
    stated: dict[str, str] = {}
    for file in HAND_WRITTEN:
        for row in read_hand_written((FOLDER / file).read_text(encoding="utf-8")):
            assert stated.setdefault(row.name.strip("~?"), row.status) == row.status, row.name


def test_the_shipped_columns_hold_only_what_they_may() -> None:
    with (FOLDER / "figures.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert row["status"] in ("living", "dead", "unknown"), row
            assert row["name"].strip("~? "), row
            assert not row["died"] or row["status"] == "dead", row
            assert all(part.isdigit() for part in row["died"].split("-")) or not row["died"], row


def test_without_a_table_the_rows_of_the_present_list_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built = tmp_path / "out.csv"
    built.write_bytes((FOLDER / "figures.csv").read_bytes())
    assert main(["--out", str(built), "--dry-run"]) == 0
    assert "0 added, 0 removed, 0 changed" in capsys.readouterr().out


def test_a_list_with_a_broken_row_is_refused_with_its_line(tmp_path: Path) -> None:
    built = tmp_path / "out.csv"
    built.write_text("name,aliases\nOrla,\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"out\.csv, line 2: 2 columns, not 9; build it again"):
        main(["--out", str(built), "--dry-run"])
