"""Metrics: counted where things happen, read where they lie, and honest when they cannot be read."""

import pytest

from moderation.accounts.models import Role
from moderation.api.services import Services
from moderation.bus.jobs import insert_job
from moderation.bus.log import Partition, Record
from moderation.messages import DecisionMade, PolicyChanged
from moderation.observability.metrics import Metrics, Reading
from moderation.observability.readers import register_readers
from moderation.observability.tally import count_decision, read_tally, tally_subscription
from moderation.review.cases import open_case
from moderation.store import Database
from policies.findings import CheckReport, CheckStatus
from tests.support.api import World
from tests.support.threads import in_threads

RECORD = Record(Partition("generation.decisions", 0), 0, "gen_1", "evt_1", b"")


def _value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"safeconduct_{name}", labels)


def _report(status: CheckStatus, cause: str = "") -> CheckReport:
    return CheckReport("prompt.text", 1, status, "rev", (), cause)


def _decision(verdict: str = "allow", *categories: str) -> DecisionMade:
    return DecisionMade.model_validate(
        {
            "generation_id": "gen_1", "decision_id": "dec_1", "stage": "request", "verdict": verdict, "actor": "machine",
            "categories": categories, "body_sha256": "0" * 64,
        }
    )  # fmt: skip


def test_checks_are_timed_and_counted_by_how_they_ended() -> None:
    metrics = Metrics()
    metrics.ran(_report(CheckStatus.JUDGED), 0.02, None)
    metrics.ran(_report(CheckStatus.UNJUDGED, "timeout"), 60.0, TimeoutError())
    metrics.ran(_report(CheckStatus.UNCOVERED), 0.001, None)
    assert _value(metrics, "check_seconds_count", check="prompt.text") == 3
    assert _value(metrics, "check_seconds_bucket", check="prompt.text", le="0.025") == 2
    assert _value(metrics, "checks_unjudged_total", check="prompt.text", cause="timeout") == 1
    assert _value(metrics, "checks_uncovered_total", check="prompt.text") == 1


def test_two_services_in_one_process_do_not_mix() -> None:
    one, other = Metrics(), Metrics()
    one.happened("release.served")
    assert _value(one, "events_total", event="release.served") == 1
    assert _value(other, "events_total", event="release.served") is None


def test_a_reader_that_fails_is_a_metric_and_hides_no_other() -> None:
    metrics = Metrics()

    def fail() -> list[Reading]:
        raise ConnectionError("no database")

    metrics.add_reader("broken", fail)
    metrics.add_reader("fine", lambda: [Reading("answer", 42, (("of", "all"),), "The answer.")])
    text = metrics.render().decode()
    assert 'safeconduct_reader_failed{reader="broken"} 1.0' in text
    assert 'safeconduct_reader_failed{reader="fine"} 0.0' in text
    assert 'safeconduct_answer{of="all"} 42.0' in text
    assert "# HELP safeconduct_answer The answer." in text


def test_decisions_are_counted_by_stage_verdict_and_first_category(database: Database) -> None:
    with database.transaction() as session:
        for message in (_decision(), _decision(), _decision("block", "sexual", "works")):
            count_decision(session, message, RECORD)
        count_decision(session, PolicyChanged(policy="default", revision="1"), RECORD)
    with database.read() as session:
        counted = {(row.stage, row.verdict, row.category): row.decisions for row in read_tally(session)}
    assert counted == {("request", "allow", "none"): 2, ("request", "block", "sexual"): 1}


def test_decisions_counted_from_many_workers_are_all_there(database: Database) -> None:
    def work(_: int) -> None:
        for _ in range(5):
            with database.transaction() as session:
                count_decision(session, _decision(), RECORD)

    in_threads(4, work)
    with database.read() as session:
        assert [row.decisions for row in read_tally(session)] == [20]


def test_a_count_that_rolls_back_does_not_count(database: Database) -> None:
    with database.read() as session:
        count_decision(session, _decision(), RECORD)
    with database.read() as session:
        assert read_tally(session) == ()


def test_the_tally_listens_to_decisions() -> None:
    assert tally_subscription().topics == ("generation.decisions",)


def test_states_are_read_from_the_database_at_each_scrape(database: Database) -> None:
    metrics = Metrics()
    register_readers(metrics, database, staleness_s=lambda: 0.25)
    assert _value(metrics, "outbox_waiting") == 0
    assert _value(metrics, "cases_waiting") == 0
    with database.transaction() as session:
        open_case(
            session,
            generation_id="gen_1",
            decision_id="dec_1",
            stage="request",
            overridable=True,
            now_ms=1000,
        )
        insert_job(session, kind="gate.request", subject_id="gen_1", payload={}, now_ms=1000, dedupe_key="a")
        count_decision(session, _decision("review", "works"), RECORD)
    assert _value(metrics, "outbox_waiting") == 1
    assert (_value(metrics, "outbox_lag_seconds") or 0) > 1_000_000
    assert _value(metrics, "jobs", kind="gate.request", state="ready") == 1
    assert _value(metrics, "dead_letters") == 0
    assert _value(metrics, "cases_waiting") == 1
    assert _value(metrics, "audit_unsealed") == 1
    assert _value(metrics, "registry_staleness_seconds") == 0.25
    assert _value(metrics, "decisions_total", stage="request", verdict="review", category="works") == 1


def test_an_index_that_was_never_compared_is_infinitely_stale(sqlite_database: Database) -> None:
    metrics = Metrics()
    register_readers(metrics, sqlite_database, staleness_s=lambda: float("inf"))
    assert "safeconduct_registry_staleness_seconds +Inf" in metrics.render().decode()


def test_the_metrics_are_served_by_route_and_not_by_path(world: World) -> None:
    world.client.get("/v1/generations/gen_secret", headers=world.key(Role.OWNER))
    answer = world.client.get("/metrics", headers=world.key(Role.ADMIN))
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'route="/v1/generations/{generation_id}",status="404"' in answer.text
    assert "gen_secret" not in answer.text
    world.client.get("/nothing/here")
    assert 'route="unknown"' in world.client.get("/metrics", headers=world.key(Role.ADMIN)).text


def test_the_secret_of_links_must_be_long_and_is_never_shown(world: World) -> None:
    assert "ssss" not in repr(world.services)
    values = {name: getattr(world.services, name) for name in Services.__dataclass_fields__}
    with pytest.raises(ValueError, match="31 bytes are too few"):
        Services(**{**values, "link_secret": b"s" * 31})
