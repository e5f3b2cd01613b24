"""What a file's credentials say, in our words: turns the C2PA library's account of a manifest store into a report.

Pure. Nothing in a store is believed merely because it is written there: a release counts only when a signer we trust
signed it and it is unaltered.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from provenance.credentials.manifest import RELEASE_LABEL
from provenance.credentials.trust import CLAIM_LIST_URI, STAMP_LIST_URI

State = Literal["trusted", "valid", "invalid", "none", "unreadable"]
AI_SOURCES = frozenset(
    {
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "trainedAlgorithmicData",
        "compositeSynthetic",
    }
)
"""The digital source types that say a trained model had a part (IPTC; C2PA 2.4 §18.15.4.5)."""
TRAINING_LABELS = ("cawg.training-mining", "c2pa.training-mining")
UNTRUSTED = "signingCredential.untrusted"
MERELY_UNTRUSTED = frozenset({UNTRUSTED, "timeStamp.untrusted"})
"""Says who signed is unknown to us, not that anything was changed."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """The release assertion of a credential that a trusted signer signed and nobody altered."""

    release_id: str
    generation_id: str
    policy_revision: str
    decision_ids: tuple[str, ...]
    mark_revision: str


@dataclass(frozen=True, slots=True)
class CredentialReport:
    """What one file carries.

    `state`: `trusted` (intact, by a signer we trust), `valid` (intact, by a signer we do not know), `invalid` (altered,
    or signed with a bad certificate), `none` (none found), `unreadable` (we could not tell: never treat it as none).
    `failures`: stable codes, the C2PA specification's or `credentials.…`. `detail` is for operators.
    `issuer`, `claim_generator` are the file's own words: never show them as ours. `ai_generated` is None when it says
    nothing. `opt_outs`: uses it forbids or constrains. `recorded_ingredient_failures`: what its makers recorded of
    altered ingredients; such a file may still be `trusted`.
    """

    state: State
    failures: tuple[str, ...] = ()
    detail: str = ""
    issuer: str | None = None
    claim_generator: str | None = None
    ai_generated: bool | None = None
    release: ReleaseRecord | None = None
    manifest_label: str | None = None
    timestamped: bool = False
    opt_outs: tuple[str, ...] = ()
    recorded_ingredient_failures: tuple[str, ...] = ()

    @property
    def release_id(self) -> str | None:
        """The id of the release, when a trusted signer attested it and it is unaltered."""
        return self.release.release_id if self.release else None


def interpret(answer: Json) -> CredentialReport:
    """The report for an answer of `worker.extract`. Total: what cannot be understood is `unreadable`."""
    if answer.get("none") is True:
        return CredentialReport("none")
    if "store" not in answer:
        return unreadable(
            _text(answer.get("error")) or "credentials.unreadable", _text(answer.get("detail")) or ""
        )
    try:
        return _of_store(answer["store"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return unreadable("credentials.unreadable", f"unexpected manifest store: {error!r}")


def unreadable(code: str, detail: str) -> CredentialReport:
    """The report of a file that could not be judged."""
    return CredentialReport("unreadable", failures=(code,), detail=detail[:500])


def _of_store(store: Json) -> CredentialReport:
    label = str(store["active_manifest"])
    active = store["manifests"][label]
    results = store["validation_results"]
    found = results["activeManifest"]
    failures = [str(item["code"]) for item in found["failure"]]
    state = _state(store["validation_state"])
    if state == "trusted" and results.get("trustListUri") != CLAIM_LIST_URI:
        state = "valid"  # the library accepts any anchor here, also one meant for time stamps only
        failures.append(UNTRUSTED)
    attested = _attested(found["success"], failures, results)
    return CredentialReport(
        state,
        failures=tuple(failures),
        issuer=_text(active.get("signature_info", {}).get("issuer")),
        claim_generator=_generator(active),
        ai_generated=_ai_generated(active),
        release=_release(active) if attested else None,
        manifest_label=label,
        timestamped=_timestamped(found["success"]),
        opt_outs=_opt_outs(active),
        recorded_ingredient_failures=tuple(_ingredient_failures(store)),
    )


def _state(word: str) -> State:
    states: dict[str, State] = {"Trusted": "trusted", "Valid": "valid", "Invalid": "invalid"}
    return states[word]


def _attested(success: list[Json], failures: list[str], results: Json) -> bool:
    """Whether the release assertion was signed by someone on our claim list and is as it was when signed."""
    codes = {str(item["code"]) for item in success}
    signed = {"claimSignature.validated", "signingCredential.trusted"} <= codes
    ours = results.get("trustListUri") == CLAIM_LIST_URI and UNTRUSTED not in failures
    suffix = f"/c2pa.assertions/{RELEASE_LABEL}"
    intact = any(
        item["code"] == "assertion.hashedURI.match" and str(item["url"]).endswith(suffix) for item in success
    )
    return signed and ours and intact


def _release(active: Json) -> ReleaseRecord | None:
    data = next((item["data"] for item in active["assertions"] if item["label"] == RELEASE_LABEL), None)
    if data is None:
        return None
    return ReleaseRecord(
        release_id=str(data["release_id"]),
        generation_id=str(data["generation_id"]),
        policy_revision=str(data["policy_revision"]),
        decision_ids=tuple(str(item) for item in data["decision_ids"]),
        mark_revision=str(data["mark_revision"]),
    )


def _timestamped(success: list[Json]) -> bool:
    """Whether a time stamp was trusted by the list for time stamps; only the explanation names the list."""
    return any(
        item["code"] == "timeStamp.trusted" and STAMP_LIST_URI in str(item.get("explanation"))
        for item in success
    )


def _generator(active: Json) -> str | None:
    for info in active.get("claim_generator_info") or ():
        return _text(info.get("name"))
    return _text(active.get("claim_generator"))


def _ai_generated(active: Json) -> bool | None:
    sources = {str(source).rpartition("/")[2] for source in _sources(active)}
    return bool(sources & AI_SOURCES) if sources else None


def _sources(active: Json) -> Iterator[Any]:
    for assertion in active["assertions"]:
        if str(assertion["label"]).startswith("c2pa.actions"):
            for action in assertion["data"].get("actions", ()):
                if action.get("digitalSourceType"):
                    yield action["digitalSourceType"]


def _opt_outs(active: Json) -> tuple[str, ...]:
    """The uses that are not simply allowed, sorted (`notAllowed` and `constrained`; CAWG training and data mining 1.1)."""
    uses = set()
    for assertion in active["assertions"]:
        if assertion["label"] in TRAINING_LABELS:
            entries = assertion["data"]["entries"]
            uses |= {str(use) for use, entry in entries.items() if entry.get("use") != "allowed"}
    return tuple(sorted(uses))


def _ingredient_failures(store: Json) -> Iterator[str]:
    """The failures recorded of any ingredient of any manifest in the store, save that its signer is unknown."""
    seen = set()
    for manifest in store["manifests"].values():
        for ingredient in manifest.get("ingredients") or ():
            results = (ingredient.get("validation_results") or {}).get("activeManifest") or {}
            seen |= {str(item["code"]) for item in results.get("failure") or ()}
    for delta in store["validation_results"].get("ingredientDeltas") or ():
        seen |= {str(item["code"]) for item in delta["validationDeltas"].get("failure") or ()}
    yield from sorted(seen - MERELY_UNTRUSTED)


def _text(value: Any) -> str | None:
    return str(value)[:500] if value is not None else None
