"""Works in a prompt as the gate sees them: by name, and by their looks when nobody names them."""

from sqlmodel import Session

from consent.likeness.registry import registry_version
from consent.works.catalogue import WorkKind, shipped_catalogue
from consent.works.rights import file_opt_out
from moderation.gate.subjects import WorkUse
from moderation.generation.works import WorksInText
from moderation.store import Database, now_ms

WORKS = WorksInText()
LIKENESS = "a small yellow electric mouse with red cheeks and a zigzag tail"
CLOSE = "a yellow mouse in a thunderstorm, lightning in its fur"


def uses(session: Session, text: str) -> tuple[WorkUse, ...]:
    version = registry_version(session)
    return WORKS.find(session, text, "acct_a", now_ms=now_ms(session), version=version)


def pikachu() -> str:
    listed = [work for work in shipped_catalogue().works if work.kind is WorkKind.CHARACTER]
    return next(work.work_id for work in listed if work.name == "Pikachu")


def test_an_unmistakable_description_counts_as_the_character_itself(database: Database) -> None:
    with database.transaction() as session:
        [use] = uses(session, LIKENESS)
    assert (use.work_id, use.use, use.standing) == (pikachu(), "shown", "unlicensed")
    assert use.name.startswith("Pikachu (yellow, mouse, electric")
    assert LIKENESS[use.start : use.end].startswith("yellow electric mouse")


def test_a_description_that_only_comes_close_is_a_resemblance(database: Database) -> None:
    with database.transaction() as session:
        [use] = uses(session, CLOSE)
    assert (use.work_id, use.use) == (pikachu(), "resembled")


def test_a_character_named_and_described_is_one_use(database: Database) -> None:
    with database.transaction() as session:
        [use] = uses(session, f"Pikachu, {LIKENESS}")
    assert (use.use, use.name) == ("shown", "Pikachu")


def test_an_opt_out_holds_for_the_looks_as_for_the_name(database: Database) -> None:
    with database.transaction() as session:
        at = now_ms(session)
        file_opt_out(
            session,
            opt_out_id="optout_1",
            work_id=pikachu(),
            holder_account_id="acct_holder",
            standing="owner",
            now_ms=at,
        )
    with database.transaction() as session:
        [use] = uses(session, LIKENESS)
    assert use.standing == "opted_out"


def test_an_ordinary_prompt_has_no_works(database: Database) -> None:
    with database.transaction() as session:
        assert uses(session, "a yellow cab waits in the rain beside a mouse-grey house") == ()
