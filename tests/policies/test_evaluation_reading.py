"""Labelled files are read as they are found in the wild, and what cannot be read is named with its line, field and remedy."""

import gzip
import json
from pathlib import Path

import pytest

from policies.evaluation.reading import RowUnreadable, read_all, read_rows
from policies.evaluation.rows import Wanted


def test_jsonl_rows_are_read(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl.gz"
    lines = [
        {"id": "set:1", "text": "a", "expected": "harmful", "category": "hate", "lang": "en", "cluster": "c"},
        {"id": "set:2", "text": "b", "expected": "benign", "source": "other"},
        {"id": "set:3", "text": "c", "expected": "depends"},
        {"id": "set:4", "text": "d", "gold": "review", "extra": [1]},
    ]
    file.write_bytes(gzip.compress("\n".join(json.dumps(line) for line in lines).encode()))
    rows = list(read_rows(file))
    assert [r.wanted for r in rows] == [Wanted.REFUSE, Wanted.ALLOW, Wanted.UNSETTLED, Wanted.REVIEW]
    assert [r.source for r in rows] == ["set", "other", "set", "set"]
    assert (rows[0].category, rows[0].language, rows[0].cluster) == ("hate", "en", "c")


def test_csv_rows_are_read(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(
        'id,text,gold,category,firm\nx:1,"one, two",block,hate,1\nx:2,three,,,0\n', encoding="utf-8"
    )
    first, second = read_rows(file)
    assert (first.text, first.wanted, first.firm) == ("one, two", Wanted.BLOCK, True)
    assert (second.wanted, second.firm) == (Wanted.UNSETTLED, False)


def test_the_attack_and_the_files_name_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    lines = [{"text": "a", "gold": "allow", "attack": attack} for attack in ("leet", "none")]
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    assert [(r.attack, r.origin) for r in read_rows(file)] == [("leet", "rows.jsonl"), ("", "rows.jsonl")]


def test_a_row_without_an_id_is_called_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "a", "gold": "allow"}\n\n{"text": "b", "gold": "allow", "id": 7}\n')
    assert [r.id for r in read_rows(file)] == ["rows.jsonl:1", "7"]


def test_several_categories_may_be_a_list(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"text": "a", "gold": "block", "category": ["hate", "violence"]}))
    assert [r.category for r in read_rows(file)] == ["hate|violence"]


def test_a_gzipped_csv_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv.gz"
    file.write_bytes(gzip.compress('\ufefftext,gold\n"two\nlines",allow\nlast,block\n'.encode()))
    assert [r.text for r in read_all([file])] == ["two\nlines", "last"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object; write one JSON object per line"),
        ('{"id": "1", "gold": "allow"}', "`text`: missing, empty or no string; give the prompt to judge"),
        ('{"text": 7, "gold": "allow"}', "`text`: missing, empty or no string"),
        ('{"text": " ", "gold": "allow"}', "`text`: missing, empty or no string"),
        (r'{"text": "\ud800", "gold": "allow"}', "`text`: it holds half a character"),
        ('{"text": "a"}', "it has no label; give `gold`"),
        (
            '{"text": "a", "gold": "maybe"}',
            "`gold`: got 'maybe'; give allow, review, block, or leave it empty",
        ),
        (
            '{"text": "a", "expected": "bening"}',
            "`expected`: got 'bening'; give one of harmful, benign, policy",
        ),
        ('{"text": "a", "gold": "allow", "lang": {}}', "`lang`: got {}; give a string or a number"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"id": "a", "text": "b", "gold": "allow"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(RowUnreadable) as caught:
        list(read_rows(file))
    assert str(caught.value).startswith("rows.jsonl line 2: ")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("rows.xlsx", b"", "its name ends in '.xlsx'; give .jsonl, .ndjson, .csv"),
        ("rows.jsonl", b"\xff", "byte 0 is not UTF-8; save the file as UTF-8"),
        ("rows.jsonl.gz", b"not gzipped", "it cannot be read"),
        ("rows.jsonl.gz", gzip.compress(b"{}" * 99, mtime=0)[:-9], "it cannot be read"),
        ("rows.csv", b'text,gold\n"never closed', "no CSV"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(RowUnreadable) as caught:
        list(read_rows(file))
    assert str(caught.value).startswith(name)
    assert told in str(caught.value)
