"""What rights-holders refused and licensed, and what follows for one account; on SQLite and PostgreSQL."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, create_engine

from consent.likeness.registry import registry_version
from consent.works.errors import (
    LicenceEndsBeforeItStarts,
    NotYours,
    UnknownKind,
    UnknownRecord,
    UnnamedWork,
    WorksError,
)
from consent.works.models import OptOutScope
from consent.works.rights import (
    Standing,
    WorkStanding,
    end_licence,
    end_opt_out,
    file_opt_out,
    grant_licence,
    register_work,
    registered_works,
    standing_of,
    training_list,
)
from moderation.store import Database

WORK, FRANCHISE, OTHER = "work_1", "work_f", "work_2"
HOLDER, ACCOUNT = "acct_holder", "acct_maker"


def refuse(session: Session, work: str = WORK, now_ms: int = 100, **more: str) -> None:
    scope = OptOutScope(more.get("scope", OptOutScope.BOTH))
    file_opt_out(
        session,
        opt_out_id=more.get("id", f"oo_{work}_{now_ms}"),
        work_id=work,
        holder_account_id=HOLDER,
        standing="owner",
        scope=scope,
        now_ms=now_ms,
    )


def license_it(
    session: Session, from_ms: int = 100, until_ms: int | None = None, account: str = ACCOUNT
) -> None:
    grant_licence(
        session,
        licence_id=f"lic_{account}_{from_ms}",
        work_id=WORK,
        account_id=account,
        holder_account_id=HOLDER,
        from_ms=from_ms,
        until_ms=until_ms,
        territory="EU",
        rating="12",
        terms={"co_appearance": "none", "attribution": "yes"},
    )


def standing(database: Database, now_ms: int = 1000, *works: str, account: str = ACCOUNT) -> WorkStanding:
    with database.read() as session:
        return standing_of(session, works or (WORK,), account, now_ms)


def test_a_work_of_which_nobody_said_anything_is_unlicensed(database: Database) -> None:
    assert standing(database) == WorkStanding(Standing.UNLICENSED, "", "", "", (), 0)


def test_an_opt_out_refuses_everybody_from_its_moment_on(database: Database) -> None:
    with database.transaction() as session:
        refuse(session, id="oo_1")
    assert standing(database, 99).standing is Standing.UNLICENSED
    assert standing(database, 100) == WorkStanding(Standing.OPTED_OUT, "oo_1", "", "", (), 1)
    assert standing(database, 100, account="acct_else").standing is Standing.OPTED_OUT
    assert standing(database, 100, OTHER).standing is Standing.UNLICENSED


def test_a_licence_permits_one_account_with_its_terms_while_it_runs(database: Database) -> None:
    with database.transaction() as session:
        license_it(session, 100, 200)
    ruling = standing(database, 150)
    assert ruling.standing is Standing.LICENSED
    assert (ruling.territory, ruling.rating) == ("EU", "12")
    assert ruling.terms == (("attribution", "yes"), ("co_appearance", "none"))
    assert standing(database, 99).standing is Standing.UNLICENSED
    assert standing(database, 200).standing is Standing.UNLICENSED
    assert standing(database, 150, account="acct_else").standing is Standing.UNLICENSED


def test_a_licence_stands_beside_an_opt_out_for_everybody_else(database: Database) -> None:
    with database.transaction() as session:
        refuse(session)
        license_it(session)
    assert standing(database).standing is Standing.LICENSED
    assert standing(database, account="acct_else").standing is Standing.OPTED_OUT


def test_an_opt_out_of_a_franchise_reaches_its_works(database: Database) -> None:
    with database.transaction() as session:
        refuse(session, FRANCHISE)
    assert standing(database, 1000, WORK, FRANCHISE).standing is Standing.OPTED_OUT
    assert standing(database, 1000, WORK).standing is Standing.UNLICENSED


def test_ending_takes_back_what_was_said(database: Database) -> None:
    with database.transaction() as session:
        refuse(session, id="oo_1")
        license_it(session)
    with database.transaction() as session:
        end_licence(session, f"lic_{ACCOUNT}_100", HOLDER, 500)
    assert standing(database, 499).standing is Standing.LICENSED
    assert standing(database, 500).standing is Standing.OPTED_OUT
    with database.transaction() as session:
        end_opt_out(session, "oo_1", HOLDER, 600)
    assert standing(database, 600).standing is Standing.UNLICENSED


def test_ending_twice_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        refuse(session, id="oo_1")
        end_opt_out(session, "oo_1", HOLDER, 500)
        before = registry_version(session)
        assert end_opt_out(session, "oo_1", HOLDER, 700).ended_ms == 500
        assert registry_version(session) == before


def test_every_change_grows_the_registry_version(database: Database) -> None:
    with database.transaction() as session:
        refuse(session, id="oo_1")
        license_it(session)
        register_work(
            session, work_id=WORK, holder_account_id=HOLDER, names=["Mirri Tock"], kind="character", now_ms=1
        )
        end_opt_out(session, "oo_1", HOLDER, 500)
        end_licence(session, f"lic_{ACCOUNT}_100", HOLDER, 500)
    assert standing(database).revision == 5


def test_the_training_list_names_what_nobody_may_train_on(database: Database) -> None:
    with database.transaction() as session:
        refuse(session, "work_b", scope="training")
        refuse(session, "work_a", scope="both")
        refuse(session, "work_a", 200)
        refuse(session, "work_c", scope="generation")
    with database.read() as session:
        assert training_list(session, 1000).work_ids == ("work_a", "work_b")
        assert training_list(session, 99).work_ids == ()
        assert training_list(session, 1000).revision == 4


def test_an_opt_out_of_training_alone_does_not_refuse_generation(database: Database) -> None:
    with database.transaction() as session:
        refuse(session, scope="training")
    assert standing(database).standing is Standing.UNLICENSED


def test_registered_works_are_given_to_the_matcher_in_id_order(database: Database) -> None:
    with database.transaction() as session:
        for work_id, name in (("work_b", "~Quorble"), ("work_a", "Mirri Tock")):
            register_work(
                session,
                work_id=work_id,
                holder_account_id=HOLDER,
                names=[name, "", "~"],
                kind="character",
                franchise="Tockverse",
                now_ms=1,
            )
    with database.read() as session:
        works = registered_works(session)
    assert [(work.work_id, work.name, work.franchise, work.holder) for work in works] == [
        ("work_a", "Mirri Tock", "Tockverse", HOLDER),
        ("work_b", "Quorble", "Tockverse", HOLDER),
    ]


def nameless(session: Session) -> None:
    register_work(session, work_id=WORK, holder_account_id=HOLDER, names=["~"], kind="film", now_ms=1)


def of_no_kind(session: Session) -> None:
    register_work(session, work_id=WORK, holder_account_id=HOLDER, names=["A"], kind="opera", now_ms=1)


def over_before_it_starts(session: Session) -> None:
    license_it(session, 100, 100)


def of_no_record(session: Session) -> None:
    end_licence(session, "lic_none", HOLDER, 1)


def of_somebody_else(session: Session) -> None:
    refuse(session, id="oo_1")
    end_opt_out(session, "oo_1", "acct_thief", 200)


@pytest.mark.parametrize(
    ("act", "error", "code", "sentence"),
    [
        (
            nameless,
            UnnamedWork,
            "works.unnamed",
            "names holds no name: give at least the work's primary name, as people write it",
        ),
        (
            of_no_kind,
            UnknownKind,
            "works.unknown_kind",
            "kind 'opera' is not known: use character, film, tv, game, song, studio or brand",
        ),
        (
            over_before_it_starts,
            LicenceEndsBeforeItStarts,
            "works.licence_ends_before_it_starts",
            "until_ms 100 is not after from_ms 100: give a later end, or none",
        ),
        (
            of_no_record,
            UnknownRecord,
            "works.unknown_record",
            "id 'lic_none' names no opt-out and no licence: list what you filed, and use an id from there",
        ),
        (
            of_somebody_else,
            NotYours,
            "works.not_yours",
            "id 'oo_1' was filed by another account: ask its rights-holder to end it",
        ),
    ],
)
def test_a_refusal_names_field_value_and_remedy(
    database: Database, act: Callable[[Session], None], error: type[WorksError], code: str, sentence: str
) -> None:
    with database.transaction() as session, pytest.raises(error) as refusal:
        act(session)
    assert (refusal.value.code, str(refusal.value)) == (code, sentence)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["refuse", "license"]), st.integers(0, 20), st.integers(1, 20)), max_size=6
    )
)
def test_the_standing_is_licensed_just_while_a_licence_runs(acts: list[tuple[str, int, int]]) -> None:
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        for number, (act, start, length) in enumerate(acts):
            if act == "refuse":
                refuse(session, now_ms=start, id=f"oo_{number}")
            else:
                grant_licence(
                    session,
                    licence_id=f"lic_{number}",
                    work_id=WORK,
                    account_id=ACCOUNT,
                    holder_account_id=HOLDER,
                    from_ms=start,
                    until_ms=start + length,
                )
        session.flush()
        for now in range(0, 45, 3):
            licensed = any(act == "license" and start <= now < start + length for act, start, length in acts)
            opted_out = any(act == "refuse" and start <= now for act, start, _ in acts)
            expected = (
                Standing.LICENSED if licensed else Standing.OPTED_OUT if opted_out else Standing.UNLICENSED
            )
            assert standing_of(session, (WORK,), ACCOUNT, now).standing is expected
    engine.dispose()
