"""Whatever people write, the page shows it as text: prompts, handles, notes, matches and addresses are never markup."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderation.ids import new_id
from moderation.store import Database
from moderation.web.prompt import cut
from policies.findings import Finding, TextSpan
from policies.taxonomy import Category
from tests.support.held import CHECKED, Held, make_held
from tests.support.pages import Browser, browser_on
from tests.support.service import app_on

NASTY = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'><svg/onload=alert(1)>", "{{ 7*7 }}{% raw %}",
    "</textarea><b>",
    "javascript:alert(1)", "&lt;b&gt;&amp;", "<!--", "]]>", "\u202egnp.exe\u202c", "<a href='//evil.test'>", "`${1}`",
)  # fmt: skip
WORDS = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=60),
)


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A moderator on a service of her own."""
    home: Path = tmp_path_factory.mktemp("text")
    database = Database(f"sqlite:///{home / 'safeconduct.db'}")
    database.create_all()
    for app in app_on(database, home):
        yield browser_on(app).sign_in("mod_ann")
    database.close()


class _Read(HTMLParser):
    """Every element with its attributes, and all text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(html: str) -> _Read:
    page = _Read()
    page.feed(html)
    return page


def _assert_tame(html: str, written: str, expected: set[str]) -> None:
    page = _read(html)
    scripts = [found for tag, found in page.elements if tag == "script"]
    assert len(scripts) == 1
    assert str(scripts[0].get("src", "")).startswith("/review/static/")
    assert not any(name.startswith("on") or name == "style" for _, found in page.elements for name in found)
    links = [
        str(found.get(name) or "")
        for _, found in page.elements
        for name in ("href", "src", "action", "poster")
    ]
    assert all(not link or link.startswith(("/review", "#")) for link in links)
    assert {tag for tag, _ in page.elements} <= expected
    assert "".join(written.split()) in "".join(page.text.split())


QUEUE_TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "link",
        "script",
        "body",
        "header",
        "main",
        "nav",
        "div",
        "span",
        "h1",
        "h2",
        "p",
        "a",
        "code",
    ),
    *("form", "input", "button", "select", "option", "label", "ul", "li", "time", "kbd", "dialog"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
}
CASE_TAGS = QUEUE_TAGS | {
    *("strong", "section", "h3", "mark", "meter", "details", "summary", "dl", "dt", "dd", "aside"),
    *("textarea", "fieldset", "legend", "blockquote"),
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=WORDS, matched=WORDS)
def test_a_prompt_and_what_matched_are_text(ann: Browser, prompt: str, matched: str) -> None:
    where = TextSpan("prompt", 0, max(1, len(prompt) // 2))
    found = Finding(Category.WORKS, "work.named", 1.0, where, "prompt.works", CHECKED, matched)
    case_id = make_held(ann.app, Held(new_id("x"), prompt, findings=(found,)))
    _assert_tame(ann.get(f"/review/cases/{case_id}").text, prompt, CASE_TAGS)
    assert "".join(matched.split()) in "".join(_read(ann.shown).text.split())


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(note=WORDS.filter(lambda text: text.strip()))
def test_a_note_is_text_when_it_is_kept_and_when_it_is_shown(ann: Browser, note: str) -> None:
    case_id = make_held(ann.app, Held(new_id("x")))
    kept = ann.claim(case_id).decide(case_id, note=note, ground_block="nothing of the kind")
    assert kept.status_code == 422
    _assert_tame(kept.text, note, CASE_TAGS)
    assert ann.decide(case_id, note=note).status_code == 303
    _assert_tame(ann.get(f"/review/cases/{case_id}").text, note, CASE_TAGS)


@pytest.mark.parametrize("nasty", NASTY)
def test_addresses_and_fields_are_text(ann: Browser, nasty: str) -> None:
    client = ann.client
    for path in ("/review", "/review/sign-in", "/review/cases/x", "/review/nothing"):
        answer = client.get(
            path, params={"state": nasty, "next": nasty, "done": nasty}, headers={"Accept": "text/html"}
        )
        _assert_tame(answer.text, "", CASE_TAGS)
    answer = client.get(f"/review/{nasty.replace('/', '')}", headers={"Accept": "text/html"})
    _assert_tame(answer.text, "", CASE_TAGS)
    refused = ann.post("/review/next", csrf=nasty)
    _assert_tame(refused.text, "", CASE_TAGS)


@given(
    text=st.text(max_size=80),
    spans=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=6),
)
def test_a_text_in_pieces_is_the_text(text: str, spans: list[tuple[int, int]]) -> None:
    findings = [
        (number, Finding(None, "x", 1.0, TextSpan("prompt", min(span), max(span)), "c", "r"))
        for number, span in enumerate(spans, 1)
    ]
    pieces = cut(text, "prompt", findings)
    assert "".join(piece.text for piece in pieces) == text
    for number, finding in findings:
        where = finding.where
        assert isinstance(where, TextSpan)
        marked = "".join(piece.text for piece in pieces if number in piece.findings)
        assert marked == text[where.start : where.end]
    assert cut(text, "title", findings) == cut(text, "title", [])
