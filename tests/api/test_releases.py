"""Bytes leave through one door, by a link that lives a minute, and stop leaving the moment consent is gone."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from consent.likeness.models import Likeness
from moderation.accounts.models import Role
from moderation.api.links import Link, LinkExpired, LinkInvalid, check_link, make_link
from moderation.api.ranges import ByteRange, RangeUnsatisfiable, parse_range
from moderation.api.routes import releases
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.likenesses.commands import erase_likeness, revoke_likeness
from moderation.release.tables import Release
from tests.support.api import World, assert_problem
from tests.support.rows import generation, likeness, release, shows

FILE = bytes(range(256)) * 40
SECRET = b"k" * 32


@pytest.fixture
def url(world: World) -> str:
    """A fresh link to the file of `rel_1`, which shows `lik_1`."""
    row = release(FILE)
    world.files.kept[row.asset_sha256] = FILE
    world.add(generation(account="acct_1", state=State.RELEASED), likeness(), shows(), row)
    answer = world.client.get("/v1/releases/rel_1", headers=world.key(Role.OWNER, account="acct_1"))
    assert answer.status_code == 200, answer.text
    link = str(answer.json()["url"])
    assert link.startswith("http://gate.test/v1/releases/rel_1/file?")
    return link.removeprefix("http://gate.test")


def _served(world: World) -> int:
    with world.database.read() as session:
        return session.get_one(Release, "rel_1").served


def test_the_link_gives_the_whole_file_without_a_key(world: World, url: str) -> None:
    answer = world.client.get(url)
    assert answer.status_code == 200
    assert answer.content == FILE
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(FILE))
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["accept-ranges"] == "bytes"
    assert _served(world) == 1


def test_the_answer_to_the_requester_describes_the_file(world: World, url: str) -> None:
    body = world.client.get("/v1/releases/rel_1", headers=world.key(Role.AUDITOR)).json()
    assert (body["id"], body["generation_id"], body["size_bytes"]) == ("rel_1", "gen_1", len(FILE))
    assert 0 < body["expires_ms"] - world.now() <= 60_000


def test_parts_are_served(world: World, url: str) -> None:
    answer = world.client.get(url, headers={"Range": "bytes=100-299"})
    assert (answer.status_code, answer.content) == (206, FILE[100:300])
    assert answer.headers["content-range"] == f"bytes 100-299/{len(FILE)}"
    assert world.client.get(url, headers={"Range": "bytes=-10"}).content == FILE[-10:]
    assert world.client.get(url, headers={"Range": "bytes=10000-"}).content == FILE[10000:]
    # three parts are one copy: a download that leaves out the first byte is none the less one
    assert _served(world) == 1


def test_a_part_behind_the_end_is_refused(world: World, url: str) -> None:
    answer = world.client.get(url, headers={"Range": f"bytes={len(FILE)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(FILE)}"


def test_a_part_of_another_version_is_the_whole_file(world: World, url: str) -> None:
    etag = world.client.get(url).headers["etag"]
    part = {"Range": "bytes=0-9"}
    assert world.client.get(url, headers={**part, "If-Range": etag}).status_code == 206
    assert world.client.get(url, headers={**part, "If-Range": '"other"'}).status_code == 200


def test_head_tells_the_size_and_sends_nothing(world: World, url: str) -> None:
    answer = world.client.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(FILE))
    assert _served(world) == 0


def test_a_link_that_was_changed_opens_nothing(world: World, url: str) -> None:
    world.add(generation("gen_2", state=State.RELEASED), release(FILE + b"2", "rel_2", of="gen_2"))
    expires = re.findall(r"expires=(\d+)", url)[0]
    for forged in (
        url.replace("rel_1", "rel_2"),
        url.replace(f"expires={expires}", f"expires={int(expires) + 1}"),
        url[:-4] + ("0000" if url[-4:] != "0000" else "1111"),
    ):
        assert_problem(world.client.get(forged), 403, "link.invalid")
    assert world.client.get(url).status_code == 200


def test_a_link_lives_for_its_minute_only(world: World, url: str) -> None:
    old = make_link(world.services.link_secret, "rel_1", now_ms=world.now() - 60_001, ttl_s=60)
    assert_problem(world.client.get(old.path), 410, "link.expired")


@pytest.mark.parametrize("query", ["", "?expires=1", "?token=a", "?expires=-1&token=a", "?expires=x&token=a"])
def test_half_a_link_is_no_link(world: World, query: str) -> None:
    assert_problem(world.client.get(f"/v1/releases/rel_1/file{query}"), 422, "request.invalid")


def _revoke(session: Session) -> None:
    revoke_likeness(session, "lik_1", actor="acct_owner", now_ms=9)


def _erase(session: Session) -> None:
    erase_likeness(session, "lik_1", actor="acct_owner", now_ms=9)


def _withdraw(session: Session) -> None:
    session.get_one(Release, "rel_1").state = "withdrawn"


def _unrelease(session: Session) -> None:
    session.get_one(Generation, "gen_1").state = "withdrawn"


@pytest.mark.parametrize("take_back", [_revoke, _erase, _withdraw, _unrelease])
def test_nothing_is_served_once_it_was_taken_back(
    world: World, url: str, take_back: Callable[[Session], None]
) -> None:
    assert world.client.get(url).status_code == 200
    with world.database.transaction() as session:
        take_back(session)
    assert_problem(world.client.get(url), 410, "release.withdrawn")
    assert_problem(world.client.get(url, headers={"Range": "bytes=5-9"}), 410, "release.withdrawn")
    assert world.client.head(url).status_code == 410
    link = world.client.get("/v1/releases/rel_1", headers=world.key(Role.OWNER, account="acct_1"))
    assert_problem(link, 410, "release.withdrawn")


def test_revoking_for_the_future_only_leaves_releases_standing(world: World, url: str) -> None:
    with world.database.transaction() as session:
        session.get_one(Likeness, "lik_1").state = "revoked"
        session.get_one(Likeness, "lik_1").revoke_scope = "future"
    assert world.client.get(url).status_code == 200


def test_a_remix_falls_with_its_parent(world: World, url: str) -> None:
    remix = generation("gen_2", account="acct_1", state=State.RELEASED)
    remix.remix_parent = "gen_1"
    row = release(FILE + b"remix", "rel_2", of="gen_2")
    world.files.kept[row.asset_sha256] = FILE + b"remix"
    world.add(remix, row)
    link = make_link(world.services.link_secret, "rel_2", now_ms=world.now(), ttl_s=60).path
    assert world.client.get(link).status_code == 200
    with world.database.transaction() as session:
        _revoke(session)
    assert_problem(world.client.get(link), 410, "release.withdrawn")


def test_a_revocation_breaks_a_running_download(
    world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "CHUNK", 1024)
    row = release(FILE)
    part = ByteRange(0, len(FILE) - 1, len(FILE))
    chunks = releases._send(world.services, "rel_1", world.files.open(row.asset_sha256), part)
    assert next(chunks) == FILE[:1024]
    with world.database.transaction() as session:
        _revoke(session)
    with pytest.raises(releases.Withdrawn):
        next(chunks)
    assert world.services.metrics.registry.get_sample_value(
        "safeconduct_events_total", {"event": "release.download_broken"}
    ) == 1  # fmt: skip


def test_a_stored_file_that_is_too_short_breaks_the_download(world: World, url: str) -> None:
    row = release(FILE)
    world.files.kept[row.asset_sha256] = FILE[:100]
    part = ByteRange(0, len(FILE) - 1, len(FILE))
    with pytest.raises(releases.Withdrawn, match="shorter than recorded"):
        list(releases._send(world.services, "rel_1", world.files.open(row.asset_sha256), part))
    answer = world.client.get(url)
    assert len(answer.content) < int(answer.headers["content-length"])


def test_bytes_that_are_not_there_are_a_503(world: World, url: str) -> None:
    world.files.kept.clear()
    assert_problem(world.client.get(url), 503, "release.bytes_missing")


def test_a_stranger_gets_no_link_and_learns_nothing(world: World, url: str) -> None:
    stranger = world.key(Role.OWNER, account="acct_2")
    hidden = assert_problem(world.client.get("/v1/releases/rel_1", headers=stranger), 404, "release.unknown")
    missing = assert_problem(world.client.get("/v1/releases/rel_x", headers=stranger), 404, "release.unknown")
    assert set(hidden) == set(missing)


def test_links_are_bound_to_release_expiry_and_secret() -> None:
    link = make_link(SECRET, "rel_1", now_ms=1000, ttl_s=60)
    check_link(SECRET, link, now_ms=60_999, ttl_s=60)
    with pytest.raises(LinkExpired):
        check_link(SECRET, link, now_ms=61_000, ttl_s=60)
    for forged in (
        Link("rel_2", link.expires_ms, link.token),
        Link("rel_1", link.expires_ms + 1, link.token),
        Link("rel_1", link.expires_ms, "ü"),
    ):
        with pytest.raises(LinkInvalid):
            check_link(SECRET, forged, now_ms=2000, ttl_s=60)
    with pytest.raises(LinkInvalid):
        check_link(b"x" * 32, link, now_ms=2000, ttl_s=60)


def test_a_link_lives_a_minute_even_when_the_clock_is_set_back() -> None:
    link = make_link(SECRET, "rel_1", now_ms=10_800_000, ttl_s=60)
    with pytest.raises(LinkExpired):
        check_link(SECRET, link, now_ms=0, ttl_s=60)


def test_a_forged_link_is_refused_as_forged_even_when_it_is_old() -> None:
    with pytest.raises(LinkInvalid):
        check_link(SECRET, Link("rel_1", 1, "0" * 64), now_ms=2000, ttl_s=60)


@given(first=st.integers(0, 300), length=st.integers(1, 300), size=st.integers(1, 200))
def test_a_range_is_what_slicing_gives(first: int, length: int, size: int) -> None:
    content = bytes(size)
    header = f"bytes={first}-{first + length - 1}"
    if first >= size:
        with pytest.raises(RangeUnsatisfiable):
            parse_range(header, size)
        return
    part = parse_range(header, size)
    assert part is not None
    assert part.length == len(content[first : first + length])
    assert 0 <= part.first <= part.last < size


@given(st.text(max_size=30), st.integers(0, 100))
def test_any_range_header_gets_an_answer(header: str, size: int) -> None:
    try:
        part = parse_range(header, size)
    except RangeUnsatisfiable:
        return
    assert part is None or 0 <= part.first <= part.last < size


@pytest.mark.parametrize(
    "header", [None, "", "bytes=-", "items=0-1", "bytes=5-2", "bytes=0-1,4-5", "bytes=a-b"]
)
def test_what_makes_no_sense_is_the_whole_file(header: str | None) -> None:
    assert parse_range(header, 10) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=-0", "bytes=99-100"])
def test_what_lies_outside_is_unsatisfiable(header: str) -> None:
    with pytest.raises(RangeUnsatisfiable):
        parse_range(header, 10)
