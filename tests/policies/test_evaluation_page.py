"""The report is one page that asks the network for nothing, shows no text unless asked, and escapes what it shows."""

import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from xml.etree import ElementTree

from policies.evaluation.evaluate import Outcome, Report, evaluate
from policies.evaluation.html import Facts, page, worst
from policies.evaluation.plain import report_to_plain
from policies.evaluation.plots import reliability, trade_off
from policies.evaluation.rows import LabelledRow, Wanted
from policies.taxonomy import Verdict

SHARP = "<script>alert(\"x\")</script> & 'quotes'"
VOID = {"meta"}


def judge(rows: Sequence[LabelledRow]) -> list[Outcome]:
    scores = [float(row.id.split("-")[1]) for row in rows]
    return [
        Outcome(Verdict.REVIEW if p >= 0.5 else Verdict.ALLOW, frozenset(), False, p - 0.5, p - 0.5, p)
        for p in scores
    ]


def made() -> Report:
    rows = [
        LabelledRow(f"{n}-{p}", SHARP, wanted, SHARP, SHARP, "en", f"c{n % 3}", attack="leet")
        for n, (p, wanted) in enumerate(
            [
                (0.9, Wanted.BLOCK),
                (0.1, Wanted.BLOCK),
                (0.4, Wanted.BLOCK),
                (0.8, Wanted.ALLOW),
                (0.2, Wanted.ALLOW),
            ]
        )
    ]
    return evaluate(rows, judge)


class Reader(HTMLParser):
    """Collects what a browser would do with the page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        named = dict(attrs)
        self.addresses += [str(value) for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        self.ids += [str(named["id"])] if "id" in named else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def test_the_page_is_whole_and_needs_nobody_else() -> None:
    html = page(made(), Facts([("policy", "sha256:1")], ["one remark"]), errors=5)
    found = read(html)
    assert found.open == []
    assert found.addresses == []
    assert "script" not in found.tags
    assert len(found.ids) == len(set(found.ids))
    assert not re.search(r"url\(|@import", html)
    assert found.tags.count("svg") == 3
    assert found.tags.count("title") >= 4


def test_no_text_is_shown_unless_asked_for() -> None:
    report, facts = made(), Facts([])
    rows_text = "alert(&quot;x&quot;)&lt;/script&gt; &amp; &#x27;quotes&#x27;</td>"
    assert rows_text not in page(report, facts)
    assert rows_text in page(report, facts, errors=1)


def test_the_worst_mistakes_come_first() -> None:
    assert [one.row.id for one in worst(made().mistakes, 2)] == ["1-0.1", "3-0.8"]


def test_every_plot_is_well_formed_and_says_in_words_what_it_shows() -> None:
    (scored,) = made().scored
    assert scored.gate is not None
    assert scored.calibration is not None
    plots = [
        trade_off(SHARP, scored.gate, "a", here=(0.5, 1 / 3), goal=(0.05, 0.9)),
        reliability(SHARP, scored.calibration, "b"),
    ]
    for plot in plots:
        drawn = ElementTree.fromstring(plot)
        assert drawn.get("role") == "img"
        labels = str(drawn.get("aria-labelledby")).split()
        named = {part.get("id"): part.text for part in drawn.iter() if part.get("id")}
        assert all(named[label] for label in labels)


def test_no_point_is_drawn_outside_its_plot() -> None:
    (scored,) = made().scored
    assert scored.gate is not None
    drawn = trade_off("s", scored.gate, "a", here=(0.5, 1.0), goal=(0.01, 0.9))
    places = re.findall(r"(-?[\d.]+),(-?[\d.]+)", " ".join(re.findall(r'points="([^"]*)"', drawn)))
    assert places
    assert all(0 <= float(x) <= 360 and 0 <= float(y) <= 300 for x, y in places)


def test_the_json_has_the_counts_both_intervals_and_no_text() -> None:
    plain = report_to_plain(made())
    (source,) = plain["by_source"]
    assert (source["recall"]["hits"], source["recall"]["n"]) == (1, 3)
    assert len(source["recall"]["interval"]) == 2
    assert plain["scored"][0]["text"]["harmful"] == 3
    assert plain["scored"][0]["calibration"]["n"] == 5
    assert "mistakes" not in json.dumps(plain)
