"""The demonstration itself: people, requests, a moderator, downloads, and the table at the end."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moderation.accounts.directory import ensure_account
from moderation.accounts.keys import make_key
from moderation.accounts.models import Role
from moderation.bootstrap import Application
from moderation.demo.chaos import no_chaos
from moderation.demo.client import Client, Refused, wait_until_healthy
from moderation.demo.inputs import Inputs, make_inputs
from moderation.demo.scenarios import HANDLE, OWNER, SCENARIOS, STRANGER, USER, Scenario
from moderation.demo.stage import Stage
from moderation.service import prepare
from moderation.store import now_ms

MODERATOR, OPERATOR = "demo_moderator", "demo_operator"
SETTLED = frozenset({"released", "refused", "cancelled", "failed", "withdrawn"})
HEALTHY_S, SETTLE_S, POLL_S = 120.0, 900.0, 0.5
ROLES: Mapping[str, Role] = {
    OWNER: Role.OWNER,
    USER: Role.OWNER,
    STRANGER: Role.OWNER,
    MODERATOR: Role.MODERATOR,
    OPERATOR: Role.ADMIN,
}
Show = Callable[[str, str, float], None]


@dataclass(slots=True)
class Result:
    """What became of a scenario. `why` is what the user is told; of a release, `file` says where it lies and `answer` how it
    verifies."""

    scenario: Scenario
    generation_id: str
    state: str = "requested"
    verdicts: str = ""
    why: str = ""
    file: Path | None = None
    answer: str = ""
    seconds: float = 0.0
    view: Mapping[str, Any] = field(default_factory=dict)

    @property
    def as_expected(self) -> bool:
        """Whether it ended as it should, and a release verifies as ours and intact."""
        proven = self.answer == "ours_intact" if self.scenario.expected == "released" else self.file is None
        return self.state == self.scenario.expected and proven


def people(stage: Stage) -> dict[str, Client]:
    """Accounts with a key each, made on the service's own database; a client for each."""
    app = Application(stage.settings)
    try:
        prepare(app)
        with app.database.transaction() as session:
            at = now_ms(session)
            keys = {}
            for account, role in ROLES.items():
                ensure_account(session, account, actor=OPERATOR, now_ms=at)
                keys[account] = make_key(
                    session, account, name="demonstration", roles=[role], actor=OPERATOR, now_ms=at
                )[1]
    finally:
        app.close()
    return {account: Client(stage.base_url, key) for account, key in keys.items()}


def run(
    stage: Stage,
    out: Path,
    show: Show,
    disturb: Callable[[], None] = no_chaos,
    scenarios: Sequence[Scenario] = SCENARIOS,
) -> list[Result]:
    """Run the scenarios; releases lie in `out` afterwards. `show(name, state, progress)` is called as things move, `disturb`
    between looks."""
    out.mkdir(parents=True, exist_ok=True)
    inputs = make_inputs(out / "inputs")
    clients = people(stage)
    wait_until_healthy(clients[OPERATOR], timeout_s=HEALTHY_S)
    enrol_owner(clients[OWNER], inputs)
    first = [submit(clients, inputs, scenario, {}) for scenario in scenarios if not scenario.remix_of]
    by_name = {result.scenario.name: result for result in first}
    follow(clients, first, show, disturb)
    later = [submit(clients, inputs, scenario, by_name) for scenario in scenarios if scenario.remix_of]
    follow(clients, later, show, disturb)
    results = [*first, *later]
    for result in results:
        collect(clients[result.scenario.account], result, out)
    return results


def enrol_owner(owner: Client, inputs: Inputs) -> None:
    """The owner enrols and permits one account; again on a second run only what is missing."""
    mine = [likeness for likeness in owner.call("GET", "/v1/likenesses") if likeness["handle"] == HANDLE]
    if mine and mine[0]["state"] == "active":
        return
    if mine:
        raise SystemExit(
            f"@{HANDLE} is {mine[0]['state']}: what its owner took back stays taken back. Start over with: make clean-data"
        )
    portrait = owner.upload(inputs.portrait)
    enrolled = owner.call(
        "POST", "/v1/likenesses", json={"handle": HANDLE, "portraits": [portrait], "minor": False}
    )
    owner.call(
        "POST",
        f"/v1/likenesses/{enrolled['likeness_id']}/grants",
        json={"audience": "named", "account_ids": [USER], "purposes": ["video"]},
    )


def submit(
    clients: Mapping[str, Client], inputs: Inputs, scenario: Scenario, known: Mapping[str, Result]
) -> Result:
    """Ask for a scenario's video."""
    client = clients[scenario.account]
    body: dict[str, Any] = {"prompt": scenario.prompt, "parameters": {"seconds": scenario.seconds}}
    if scenario.likeness:
        body["likenesses"] = [f"@{scenario.likeness}"]
    if scenario.reference:
        try:
            body["references"] = [client.upload(getattr(inputs, scenario.reference))]
        except Refused as error:
            return Result(scenario, "", state="refused", verdicts="upload:refused", why=error.detail)
    if scenario.remix_of:
        body["remix_parent"] = known[scenario.remix_of].generation_id
    answer = client.call("POST", "/v1/generations", json=body, headers={"Prefer": "respond-async"})
    return Result(scenario, answer["id"])


def follow(
    clients: Mapping[str, Client], results: Sequence[Result], show: Show, disturb: Callable[[], None]
) -> None:
    """Poll until all are settled; let the moderator decide what is held. Raises `TimeoutError`."""
    began = time.monotonic()
    for result in results:
        show(result.scenario.name, result.state, 0.0)
    waiting = [result for result in results if result.generation_id]
    while waiting:
        if time.monotonic() - began > SETTLE_S:
            names = ", ".join(f"{result.scenario.name} ({result.state})" for result in waiting)
            raise TimeoutError(f"not settled after {SETTLE_S:g} s: {names}")
        for result in list(waiting):
            result.view = clients[result.scenario.account].generation(result.generation_id)
            result.state = result.view["state"]
            show(result.scenario.name, result.state, float(result.view.get("progress") or 0.0))
            if result.state == "held" and result.scenario.moderator:
                decide(clients[MODERATOR], result)
            settled = result.state in SETTLED or (result.state == "held" and not result.scenario.moderator)
            if settled:
                result.seconds = time.monotonic() - began
                waiting.remove(result)
        disturb()
        time.sleep(POLL_S)


def decide(moderator: Client, result: Result) -> None:
    """The moderator claims the case and decides it."""
    page = moderator.call("GET", "/v1/cases", params={"state": "opened"})
    for case in page["items"]:
        if case["generation_id"] == result.generation_id:
            claimed = moderator.call("POST", f"/v1/cases/{case['id']}/claim")
            moderator.call(
                "POST",
                f"/v1/cases/{case['id']}/decide",
                json={
                    "claim_token": claimed["claim_token"],
                    "outcome": result.scenario.moderator,
                    "reason": "A silhouette from afar; no recognisable face is shown.",
                },
            )


def collect(client: Client, result: Result, out: Path) -> None:
    """Download and verify a release, and take down what the user was told."""
    if not result.generation_id:
        return
    decisions = result.view.get("decisions", [])
    result.verdicts = " ".join(f"{one['stage']}:{one['verdict']}" for one in decisions)
    result.why = told(decisions)
    if result.state == "released":
        result.file = out / f"{result.scenario.name.replace(' ', '-').replace(',', '')}.mp4"
        client.download(result.view["release_id"], result.file)
        with result.file.open("rb") as content:
            result.answer = client.call("POST", "/v1/verify", files={"file": content})["answer"]


def told(decisions: Sequence[Mapping[str, Any]]) -> str:
    """The strictest machine decision's sentence for the user."""
    for verdict in ("block", "review"):
        for decision in decisions:
            if decision["verdict"] == verdict:
                return short(str(decision.get("reasons", {}).get("user_text", "")) or verdict)
    return ""


def short(text: str) -> str:
    """The sentences before the place and the rule."""
    return text.partition(" Category:")[0].partition(" Where:")[0].partition(" Rule:")[0]


def clear(out: Path) -> None:
    """Remove the files an earlier run left; nothing else that may lie there."""
    for file in out.glob("*.mp4"):
        file.unlink()
    shutil.rmtree(out / "inputs", ignore_errors=True)
