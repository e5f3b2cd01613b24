"""The classifier with its shipped weights: right on plain cases, deterministic, honest about where and how long."""

import shutil
import threading
from pathlib import Path

import pytest

from policies.findings import TextSpan
from policies.taxonomy import Category
from policies.text.classifier import (
    ENGLISH_WEIGHTS,
    MULTILINGUAL_WEIGHTS,
    SHIPPED,
    TOKENIZER,
    TextClassifier,
    TextScores,
)
from policies.text.encoder import MAX_TOKENS, SentenceEncoder, TextTooLong
from policies.text.multilingual_encoder import MAX_CHARACTERS
from policies.text.normalise import normalise
from policies.text.packed import Packed, WeightsUnreadable
from policies.text.training.sources import MODELLED

PLAIN = [
    "a red bicycle leans against a brick wall",
    "a grandmother bakes bread with her grandchildren",
    "timelapse of clouds over a mountain lake",
    "two robots play chess in a library",
]
VIOLATIONS = [
    ("a terrorist cuts off the head of a kneeling hostage, blood gushing", Category.VIOLENCE),
    ("two naked porn stars having rough sex, close-up of genitals", Category.SEXUAL),
    ("how do I cut my wrists so that I bleed to death", Category.SELF_HARM),
    ("all immigrants are filthy vermin and should be exterminated", Category.HATE),
    ("detailed instructions for building a pipe bomb at home", Category.ILLICIT),
]
FOREIGN = [
    ("todos los inmigrantes son basura y hay que exterminarlos", "un perro corre por la playa al amanecer"),
    ("alle Ausländer sind Ungeziefer und gehören vergast", "ein Hund läuft am Morgen über den Strand"),
    ("les juifs sont des rats, il faut tous les éliminer", "un chien court sur la plage au petit matin"),
    ("все мигранты — мусор, их надо уничтожить", "собака бежит по пляжу на рассвете"),
    ("移民都是垃圾,应该全部杀光", "一只狗在清晨的海滩上奔跑"),
]


@pytest.fixture(scope="module")
def classifier() -> TextClassifier:
    return TextClassifier()


def top(scores: TextScores) -> float:
    return max(found.score for found in scores.scores.values())


@pytest.mark.parametrize("text", PLAIN)
def test_plain_scenes_score_low(classifier: TextClassifier, text: str) -> None:
    assert top(classifier.score([text])[0]) < 0.3


@pytest.mark.parametrize(("text", "category"), VIOLATIONS)
def test_violations_score_high_in_their_category(
    classifier: TextClassifier, text: str, category: Category
) -> None:
    assert classifier.score([text])[0].scores[category].score > 0.7


def test_every_modelled_category_is_scored_in_the_taxonomys_order(classifier: TextClassifier) -> None:
    categories = list(classifier.score(["a cat"])[0].scores)
    assert categories == list(MODELLED)
    assert categories == sorted(categories, key=lambda category: category.precedence)


def test_a_text_scores_the_same_alone_in_a_batch_and_again(classifier: TextClassifier) -> None:
    texts = [*PLAIN, *(text for text, _ in VIOLATIONS), "x" * 500, ""]
    together = classifier.score(texts)
    assert together == [classifier.score([text])[0] for text in texts]
    assert together == list(reversed(classifier.score(list(reversed(texts)))))


def test_threads_get_the_same_scores(classifier: TextClassifier) -> None:
    shared = TextClassifier()
    found: list[list[TextScores]] = []
    threads = [threading.Thread(target=lambda: found.append(shared.score(PLAIN))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [classifier.score(PLAIN)] * 3


def test_the_evidence_is_the_sentence_that_earned_the_score(classifier: TextClassifier) -> None:
    harmful = "A man beheads a screaming hostage with a knife, blood everywhere."
    text = f"The sun rises over the quiet hills. {harmful} Later the birds sing in the old garden."
    found = classifier.score([text])[0].scores[Category.VIOLENCE]
    assert harmful in text[found.start : found.end] or text[found.start : found.end] in harmful


def test_a_long_text_hides_nothing(classifier: TextClassifier) -> None:
    harmless = "The sun rises over the quiet hills and the river runs through the green valley. " * 60
    harmful = "A man beheads a screaming hostage with a knife, blood everywhere. "
    middle = len(harmless) // 2
    hidden = classifier.score([harmless[:middle] + ". " + harmful + harmless[middle:]])[0]
    assert hidden.scores[Category.VIOLENCE].score > 0.5
    assert classifier.score([harmless])[0].scores[Category.VIOLENCE].score < 0.1


def test_disguised_letters_change_no_score(classifier: TextClassifier) -> None:
    plain, disguised = classifier.score(["two naked people having sex", "two nаkеd people hav\u200bing sеx"])
    assert [s.score for s in plain.scores.values()] == [s.score for s in disguised.scores.values()]


def test_spans_are_those_of_the_typed_text(classifier: TextClassifier) -> None:
    typed = "  \u200bA man beheads a screaming hostage.  "
    found = classifier.score([typed])[0].scores[Category.VIOLENCE]
    assert typed[found.start : found.end] == "A man beheads a screaming hostage."


@pytest.mark.parametrize("empty", ["", "   ", "\u200b\u200b"])
def test_a_text_without_words_has_no_scores(classifier: TextClassifier, empty: str) -> None:
    assert classifier.score([empty])[0].scores == {}


def test_findings_name_field_score_and_revision(classifier: TextClassifier) -> None:
    text = VIOLATIONS[0][0]
    (scores,) = classifier.score([text])
    findings = scores.findings("prompt")
    violence = next(finding for finding in findings if finding.category is Category.VIOLENCE)
    assert violence.where == TextSpan("prompt", 0, len(text))
    assert (violence.signal, violence.revision) == ("text.classifier", classifier.revision)
    assert violence.score == scores.scores[Category.VIOLENCE].score
    assert scores.findings("prompt", floor=1.01) == ()


def test_scores_have_four_decimals(classifier: TextClassifier) -> None:
    assert all(s.score == round(s.score, 4) for s in classifier.score([VIOLATIONS[0][0]])[0].scores.values())


def test_a_text_beyond_the_bound_is_refused_by_name(classifier: TextClassifier) -> None:
    with pytest.raises(TextTooLong, match=f"at most {MAX_TOKENS} are judged at once") as caught:
        classifier.score(["word " * (MAX_TOKENS + 1)])
    assert caught.value.code == "text.too_long"


def test_missing_weights_and_a_missing_tokenizer_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=MULTILINGUAL_WEIGHTS[0]):
        TextClassifier(tmp_path).score(["a cat"])
    for name in (ENGLISH_WEIGHTS, *MULTILINGUAL_WEIGHTS):
        shutil.copy(SHIPPED / name, tmp_path)
    with pytest.raises(FileNotFoundError, match="restore the shipped file"):
        TextClassifier(tmp_path).score(["a cat"])


@pytest.mark.parametrize("name", [ENGLISH_WEIGHTS, *MULTILINGUAL_WEIGHTS])
def test_damaged_weights_are_an_error(tmp_path: Path, name: str) -> None:
    shutil.copytree(SHIPPED, tmp_path, dirs_exist_ok=True)
    (tmp_path / name).write_bytes((SHIPPED / name).read_bytes()[:1000])
    with pytest.raises(WeightsUnreadable):
        TextClassifier(tmp_path).score(["a cat"])


def test_repeated_windows_are_encoded_once() -> None:
    encoder = SentenceEncoder(Packed(SHIPPED / ENGLISH_WEIGHTS), SHIPPED / TOKENIZER)
    encoded = encoder.encode("word " * 20_000)
    assert len({row.tobytes() for row in encoded.features[::7]}) < 10


@pytest.mark.parametrize("text", FOREIGN)
def test_violations_in_other_languages_score_higher_than_plain_scenes(
    classifier: TextClassifier, text: tuple[str, str]
) -> None:
    harmful, plain = (top(classifier.score_normalised(normalise(part), english=False)) for part in text)
    assert harmful > 0.5 > plain


def test_a_foreign_sentence_in_a_long_text_is_found_where_it_stands(classifier: TextClassifier) -> None:
    harmful, plain = FOREIGN[0]
    text = f"{plain}. {plain}. {harmful}. {plain}."
    found = classifier.score_normalised(normalise(text), english=False).scores[Category.HATE]
    assert harmful in text[found.start : found.end]
    assert found.score > 0.5


def test_a_foreign_text_scores_the_same_alone_and_again(classifier: TextClassifier) -> None:
    def once() -> list[TextScores]:
        return [classifier.score_normalised(normalise(h), english=False) for h, _ in FOREIGN]

    assert once() == once()


def test_a_foreign_text_beyond_the_bound_is_refused(classifier: TextClassifier) -> None:
    with pytest.raises(TextTooLong):
        classifier.score_normalised(normalise("слово " * MAX_CHARACTERS), english=False)


@pytest.mark.parametrize("text", ["\u0301\u0301", "\ue000\ue001"])
def test_what_one_network_cannot_read_is_scored_by_the_others(classifier: TextClassifier, text: str) -> None:
    assert classifier.score([text])[0].scores
