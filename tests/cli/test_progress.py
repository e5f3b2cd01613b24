"""Where nobody can see a bar, long work says now and then how far it is."""

import io
from contextlib import redirect_stderr

import pytest

from moderation.cli import progress


def lines(monkeypatch: pytest.MonkeyPatch, seconds: list[float]) -> list[str]:
    moments = iter([0.0, *seconds])
    monkeypatch.setattr(progress, "monotonic", lambda: next(moments))
    err = io.StringIO()
    with redirect_stderr(err), progress.counting("judging", 3000) as done:
        for _ in seconds:
            done(1000)
    return err.getvalue().splitlines()


def test_a_line_comes_no_more_often_than_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines(monkeypatch, [14.0, 16.0, 30.0]) == ["judging: 2,000 of 3,000 after 16 s"]


def test_short_work_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines(monkeypatch, [1.0, 2.0, 3.0]) == []
