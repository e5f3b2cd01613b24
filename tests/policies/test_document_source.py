"""Reading YAML: plain data, the line of every value, and references between rules."""

import json
import re
from graphlib import CycleError, TopologicalSorter
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policies.canonical import canonical
from policies.loading.names import circular
from policies.loading.problems import PolicyInvalid, Problem, one_of
from policies.loading.source import MAX_DEPTH, read_tree

TEXT = """\
# a comment
name: small
signals:
  work.named:
    verdict: review

  image.nudity: {thresholds: {sexual: {review: 0.5}}}
contexts:
  feed:
    when_any:
      - feed
      - under_18
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 2),
        (("name",), 2),
        (("signals", "work.named"), 4),
        (("signals", "work.named", "verdict"), 5),
        (("signals", "image.nudity", "thresholds", "sexual", "review"), 7),
        (("contexts", "feed", "when_any", 1), 12),
        (("contexts", "feed", "thresholds", "nothing", "here"), 9),
        (("nowhere",), 2),
    ],
)
def test_every_value_knows_its_line_and_what_is_missing_that_of_its_container(
    path: tuple[str | int, ...], line: int
) -> None:
    assert read_tree(TEXT, name="t.yaml").line(path) == line


_keys = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e15, 1e15)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=12,
)
documents = st.dictionaries(_keys, _values, min_size=1, max_size=4)


class YamlWriter(yaml.SafeDumper):
    """Quotes text such as 1e5, which YAML 1.1 leaves bare and which means a number to us."""


YamlWriter.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def as_yaml(data: dict[str, Any]) -> str:
    return str(yaml.dump(data, Dumper=YamlWriter, allow_unicode=True))


@given(documents)
def test_plain_data_written_as_yaml_is_read_back(data: dict[str, Any]) -> None:
    assert read_tree(as_yaml(data), name="t").data == data


@given(documents)
def test_lists_are_sets_in_the_canonical_content(data: dict[str, Any]) -> None:
    def reverse(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: reverse(inner) for key, inner in reversed(value.items())}
        return [reverse(inner) for inner in reversed(value)] if isinstance(value, list) else value

    one = read_tree(as_yaml(data), name="t").canonical_data()
    other = read_tree(as_yaml(reverse(data)), name="t").canonical_data()
    assert canonical(one) == canonical(other)


@given(documents)
def test_canonical_json_is_yaml_too_and_means_the_same(data: dict[str, Any]) -> None:
    text = canonical(data)
    assert canonical(read_tree(text, name="t").data) == text
    assert canonical(json.loads(text)) == text


@given(st.text(max_size=200))
def test_any_text_is_either_read_or_refused_with_a_line(text: str) -> None:
    try:
        read = read_tree(text, name="t").data
    except PolicyInvalid as refused:
        problems = refused.problems
    else:
        assert isinstance(read, dict)
        return
    assert problems
    assert all(problem.line >= 1 and problem.hint for problem in problems)


def test_a_number_in_scientific_notation_is_a_number_with_or_without_a_point() -> None:
    assert read_tree("a: 1e-7\nb: 1.5e-7\nc: '1e-7'\n", name="t").data == {
        "a": 1e-7,
        "b": 1.5e-7,
        "c": "1e-7",
    }


def test_two_documents_in_one_file_are_refused() -> None:
    with pytest.raises(PolicyInvalid, match=r"policy\.syntax"):
        read_tree("a: 1\n---\nb: 2\n", name="t")


def test_a_document_nested_too_deep_is_refused() -> None:
    deep = "a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)
    with pytest.raises(PolicyInvalid, match=f"nested deeper than {MAX_DEPTH} levels"):
        read_tree(deep, name="t")


def test_the_same_key_in_different_places_is_no_duplicate() -> None:
    assert read_tree("a: {x: 1}\nb: {x: 2}\n", name="t").data == {"a": {"x": 1}, "b": {"x": 2}}


def test_yaml_words_for_true_are_text_where_they_are_keys() -> None:
    assert read_tree("on: 1\nno: 2\n", name="t").data == {"on": 1, "no": 2}


def test_problems_are_listed_in_order_of_line_whoever_found_them() -> None:
    late, early = Problem("policy.b", "f", 9, "late", "h"), Problem("policy.a", "f", 2, "early", "h")
    assert PolicyInvalid([late, early]).problems == (early, late)


def test_a_hint_names_the_nearest_word_or_all_of_them() -> None:
    assert one_of("revew", ["review", "block"], what="the verdicts") == "did you mean 'review'?"
    assert one_of("deny", ["review", "block"], what="the verdicts") == "the verdicts are: block, review"


_names = st.sampled_from("abcdef")
graphs = st.dictionaries(_names, st.frozensets(_names, max_size=3), max_size=6)


def combinations_of(graph: dict[str, frozenset[str]]) -> dict[str, dict[str, Any]]:
    return {
        name: {"all_of": ["work.named", *(f"combination:{other}" for other in sorted(others))]}
        for name, others in graph.items()
    }


@given(graphs)
def test_a_circle_is_found_exactly_where_there_is_no_order_to_decide_in(
    graph: dict[str, frozenset[str]],
) -> None:
    known = {name: {other for other in others if other in graph} for name, others in graph.items()}
    try:
        TopologicalSorter(known).prepare()
        has_circle = False
    except CycleError:
        has_circle = True
    assert bool([*circular(combinations_of(graph))]) == has_circle


@given(graphs)
def test_every_circle_reported_can_be_walked(graph: dict[str, frozenset[str]]) -> None:
    for circle in circular(combinations_of(graph)):
        for name, following in zip(circle, (*circle[1:], circle[0]), strict=True):
            assert following in graph[name]
