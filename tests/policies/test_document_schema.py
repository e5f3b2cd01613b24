"""The published JSON Schema against the loader: an editor that checks by it and the service that reads the document agree.

Documents are made by breaking a good one in one place, anywhere. The schema says what has the right form; the loader says more
(that words refer to something), and never less.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policies.document import parse_document, schema_text, shipped_text
from policies.loading.problems import PolicyInvalid

PUBLISHED = Path(__file__).parents[2] / "docs" / "policy.schema.json"
SCHEMA: dict[str, Any] = json.loads(PUBLISHED.read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
WHOLE: dict[str, Any] = yaml.safe_load(shipped_text())
SMALL: dict[str, Any] = {
    "format": 1,
    "name": "small",
    "description": "A piece of the shipped policy, with everything once.",
    "signals": {name: WHOLE["signals"][name] for name in ("image.nudity", "work.named", "text.absolute")},
    "contexts": {"young": {"when_any": ["under_18"], "review_becomes_block": ["sexual"]}},
    "combinations": {
        "both": {
            "all_of": ["work.named"],
            "scores": {"image.nudity:sexual": 0.3},
            "category": "works",
            "verdict": "block",
        }
    },
    "unjudged": {"timeout": "review"},
    "reasons": WHOLE["reasons"],
    "tests": {"a": {"findings": [{"signal": "work.named"}], "context": {"feed": True}, "expect": "review"}},
    "clocks": {"take_it_down": WHOLE["clocks"]["take_it_down"]},
}
Path_ = tuple[str | int, ...]
OF_THE_FORM = {
    f"policy.{code}"
    for code in (
        "unknown_key", "unknown_category", "not_a_choice", "threshold_range", "range", "missing_key", "wrong_type", "format",
        "bad_name", "schema", "repeated", "empty",
    )
}  # fmt: skip
"""Problems that the schema itself finds. Two of them have semantic siblings: see below."""
BOTH = {"policy.missing_key", "policy.threshold_range"}


def places(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Every place in the document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (*path, index)
            yield from places(inner, (*path, index))


PLACES = sorted(places({name: part for name, part in SMALL.items() if name != "reasons"}), key=str)
odd = st.sampled_from(
    [None, True, 0, 1, 2, -0.5, 0.5, 1.5, "", "allow", "block", "hate", "nothing", [], ["feed"], {}, {"a": 1}, "x" * 1001]
)  # fmt: skip


def broken(path: Path_, value: Any, how: str) -> dict[str, Any]:
    """The document with this place set, removed, or beside one that is not known."""
    made = copy.deepcopy(SMALL)
    inner: Any = made
    for step in path[:-1]:
        inner = inner[step]
    if how == "set":
        inner[path[-1]] = value
    elif how == "remove":
        del inner[path[-1]]
    elif isinstance(inner, dict):
        inner["unheard_of"] = value
    else:
        inner.append(value)
    return made


def complaints(document: dict[str, Any]) -> set[str]:
    """The codes of what the loader refuses; none when it reads the document."""
    try:
        parse_document(yaml.safe_dump(document, allow_unicode=True), name="made.yaml")
    except PolicyInvalid as refused:
        return {problem.code for problem in refused.problems}
    return set()


def test_the_schema_is_published_where_the_page_says_and_is_the_one_that_is_read() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text()
    VALIDATOR.check_schema(SCHEMA)


def test_what_ships_and_what_is_small_fit_it() -> None:
    assert list(VALIDATOR.iter_errors(WHOLE)) == []
    assert list(VALIDATOR.iter_errors(SMALL)) == []
    assert complaints(SMALL) == set()


@given(st.sampled_from(PLACES), odd, st.sampled_from(["set", "remove", "add"]))
def test_what_the_schema_refuses_the_loader_refuses_by_its_form_and_only_that(
    path: Path_, value: Any, how: str
) -> None:
    document = broken(path, value, how)
    fits, found = VALIDATOR.is_valid(document), complaints(document)
    if fits:
        assert found & OF_THE_FORM <= BOTH
    else:
        assert found
        assert found <= OF_THE_FORM


@pytest.mark.parametrize("path", [("signals",), ("name",), ("format",), ("reasons",)])
def test_what_must_be_there_is_asked_for_by_both(path: Path_) -> None:
    document = broken(path, None, "remove")
    assert not VALIDATOR.is_valid(document)
    assert complaints(document) == {"policy.missing_key"}


def test_an_editor_finds_a_sentence_on_every_section() -> None:
    sections = SCHEMA["properties"]
    assert [
        name for name, part in sections.items() if "description" not in part and name != "description"
    ] == ["name"]
