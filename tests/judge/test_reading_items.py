"""The lines that `safeconduct judge` reads: what is an item, what is not and why, and that one bad line harms no other."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderation.gate.judge import Item
from moderation.judging import ItemInvalid, Line, read_items


def lines_of(folder: Path, *lines: bytes | str | dict[str, Any]) -> list[Line]:
    """What is read from a file of these lines."""
    file = folder / "items.jsonl"
    raw = [line if isinstance(line, bytes) else _text(line).encode() for line in lines]
    file.write_bytes(b"\n".join(raw) + b"\n")
    return list(read_items(file))


def item_of(folder: Path, line: bytes | str | dict[str, Any]) -> Item:
    """The item on the only line."""
    [one] = lines_of(folder, line)
    assert one.item is not None, one.problem
    return one.item


def problem_of(folder: Path, line: bytes | str | dict[str, Any]) -> ItemInvalid:
    """Why the only line is no item."""
    [one] = lines_of(folder, line)
    assert one.item is None
    assert one.problem is not None
    return one.problem


def _text(line: str | dict[str, Any]) -> str:
    return line if isinstance(line, str) else json.dumps(line)


def test_an_item_is_a_text_with_an_id(tmp_path: Path) -> None:
    item = item_of(tmp_path, {"id": "row-1", "text": "a lighthouse"})
    assert (item.id, item.text, item.media, item.treat_as) == ("row-1", "a lighthouse", None, "request")
    assert (item.account.under_18, item.feed) == (False, False)


def test_unknown_fields_are_ignored(tmp_path: Path) -> None:
    plain = item_of(tmp_path, {"id": "1", "text": "x"})
    assert item_of(tmp_path, {"id": "1", "text": "x", "label": "allow", "deep": {"a": [1]}}) == plain


def test_an_item_without_an_id_is_named_by_its_line_and_empty_lines_count(tmp_path: Path) -> None:
    assert [line.id for line in lines_of(tmp_path, {"text": "a"}, "", "   ", {"text": "b"})] == [
        "line-1",
        "line-4",
    ]


def test_an_id_may_be_a_number(tmp_path: Path) -> None:
    assert item_of(tmp_path, {"id": 17, "text": "x"}).id == "17"


@pytest.mark.parametrize("name", ["media", "path", "file"])
def test_a_relative_path_starts_at_the_file_that_names_it(tmp_path: Path, name: str) -> None:
    item = item_of(tmp_path, {"id": "1", name: "clips/a.mp4"})
    assert (item.media, item.treat_as) == (tmp_path / "clips" / "a.mp4", "output")


def test_an_absolute_path_stays(tmp_path: Path) -> None:
    assert item_of(tmp_path, {"id": "1", "media": "/data/a.mp4"}).media == Path("/data/a.mp4")


def test_a_file_may_be_judged_as_a_reference_and_a_prompt_may_stand_beside_it(tmp_path: Path) -> None:
    item = item_of(tmp_path, {"id": "1", "media": "a.png", "as": "reference", "text": "like this"})
    assert (item.treat_as, item.text) == ("reference", "like this")


def test_what_makes_rules_stricter_is_read(tmp_path: Path) -> None:
    item = item_of(tmp_path, {"id": "1", "text": "x", "under_18": True, "feed": True})
    assert (item.account.under_18, item.feed) == (True, True)


@pytest.mark.parametrize("name", ["clip.mp4", "picture.PNG", "strange.xyz"])
def test_any_other_file_is_itself_the_item(tmp_path: Path, name: str) -> None:
    [line] = list(read_items(tmp_path / name))
    assert line.item == Item(name, media=tmp_path / name, treat_as="output")


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.ndjson", "a.txt", "a"])
def test_files_of_lines_are_told_by_their_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"text": "x"}\n')
    [line] = list(read_items(tmp_path / name))
    assert line.item is not None
    assert line.item.text == "x"


def test_an_empty_file_has_no_items(tmp_path: Path) -> None:
    assert lines_of(tmp_path) == []


@pytest.mark.parametrize(
    ("line", "value", "sentence"),
    [
        (b'{"id": "1", "text": "caf\xe9"}', "byte 24", "UTF-8"),
        (b"\xff\xfe{}", "byte 0", "UTF-8"),
        ('{"id": "1", "text": ', "Expecting value", "no JSON at column 21"),
        ("text: hello", "Expecting value", "no JSON at column 1"),
        ("[1, 2]", "[1, 2]", "one JSON object"),
        ('"text"', "text", "one JSON object"),
        ("null", "None", "one JSON object"),
        ('{"text": "a", "text": "b"}', '{"text": "a"', "text: appears twice"),
        ('{"text": "a", "more": {"x": 1, "x": 2}}', '{"text": "a"', "x: appears twice"),
        ({"text": 5}, "5", "`text` must be a string"),
        ({"text": None}, "None", "`text` must be a string"),
        ({"text": ["a"]}, "['a']", "`text` must be a string"),
        ({}, "", "give a prompt in `text`, or a file in `media`"),
        ({"text": ""}, "", "give a prompt"),
        ({"text": " \t"}, " \t", "give a prompt"),
        ({"media": 7}, "7", "path of the media file"),
        ({"media": {"uri": "x"}}, "{'uri': 'x'}", "path of the media file"),
        ({"text": "x", "as": "upload"}, "upload", "request, reference or output"),
        ({"text": "x", "as": {}}, "{}", "request, reference or output"),
        ({"text": "x", "under_18": "yes"}, "yes", "`under_18` must be true or false"),
        ({"text": "x", "under_18": 1}, "1", "`under_18` must be true or false"),
        ({"text": "x", "feed": None}, "None", "`feed` must be true or false"),
        ({"id": None, "text": "x"}, "None", "`id` must be"),
        ({"id": True, "text": "x"}, "True", "`id` must be"),
        ({"id": ["1"], "text": "x"}, "['1']", "`id` must be"),
        ('{"text": "half \\ud83d"}', "ud83d", "half a character"),
        ('{"id": "\\udc00", "text": "x"}', "udc00", "half a character"),
        ('{"media": "\\udc00.mp4"}', "udc00", "half a character"),
        pytest.param("[" * 100_000, "[[[[", "nested too deeply", id="deep"),
        pytest.param('{"text": ' + "9" * 5000 + "}", '{"text": 999', "integer string conversion", id="digits"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_item_says_which_value_where_and_what_to_do(
    tmp_path: Path, line: bytes | str | dict[str, Any], value: str, sentence: str
) -> None:
    problem = problem_of(tmp_path, line)
    assert (problem.code, problem.field) == ("judge.invalid_item", "items.jsonl:1")
    assert value in problem.value
    assert sentence in problem.sentence
    assert problem.remedy
    assert len(problem.value) <= 80


def test_a_bad_line_keeps_the_id_it_has_and_harms_no_other(tmp_path: Path) -> None:
    lines = lines_of(
        tmp_path, {"id": "good", "text": "x"}, {"id": "bad", "text": 1}, b"\xff", {"id": "last", "text": "y"}
    )
    assert [(line.id, line.item is None) for line in lines] == [
        ("good", False),
        ("bad", True),
        ("line-3", True),
        ("last", False),
    ]


unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no finding."""


@unhurried
@given(st.binary(max_size=60).filter(lambda raw: b"\n" not in raw))
def test_no_line_whatsoever_stops_the_reading(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    file = tmp_path_factory.mktemp("any") / "items.jsonl"
    file.write_bytes(raw + b'\n{"id": "after", "text": "x"}\n')
    lines = list(read_items(file))
    assert lines[-1].id == "after"
    assert lines[-1].item is not None
    assert all((line.item is None) is (line.problem is not None) for line in lines)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@unhurried
@given(
    st.dictionaries(
        st.sampled_from(["id", "text", "media", "path", "as", "under_18", "feed", "other"]),
        json_values,
        max_size=6,
    )
)
def test_whatever_the_fields_hold_a_line_is_an_item_or_has_a_reason(
    tmp_path_factory: pytest.TempPathFactory, body: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("fields")
    [line] = lines_of(folder, body)
    if line.item is not None:
        line.item.text.encode()
        line.id.encode()
        assert line.item.text.strip() or line.item.media
    else:
        assert line.problem is not None
        assert line.problem.sentence
