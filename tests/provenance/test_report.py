"""The report: what is believed of a manifest store, and what is not though it is written there."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.credentials.manifest import RELEASE_LABEL
from provenance.credentials.report import CredentialReport, interpret
from provenance.credentials.trust import CLAIM_LIST_URI, STAMP_LIST_URI

LABEL = "urn:c2pa:1"
RELEASE = {
    "release_id": "rel_1",
    "generation_id": "gen_1",
    "policy_revision": "sha256:0123456789ab",
    "decision_ids": ["dec_1"],
    "mark_revision": "plain-label:0",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def code(name: str, label: str = "") -> dict[str, str]:
    return {"code": name, "url": f"self#jumbf=/c2pa/{LABEL}/c2pa.assertions/{label}", "explanation": ""}


def store(**changes: Any) -> dict[str, Any]:
    """A store as the library reports one of our own releases; `changes` replace top-level fields."""
    manifest = {
        "claim_generator_info": [{"name": "safeconduct"}],
        "signature_info": {"issuer": "Us"},
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {"actions": [{"digitalSourceType": "http://x/trainedAlgorithmicMedia"}]},
            },
            {"label": RELEASE_LABEL, "data": RELEASE},
        ],
    }
    success = [
        code("claimSignature.validated"),
        code("signingCredential.trusted"),
        code("assertion.hashedURI.match", RELEASE_LABEL),
    ]
    made = {
        "active_manifest": LABEL,
        "manifests": {LABEL: manifest},
        "validation_state": "Trusted",
        "validation_results": {
            "activeManifest": {"success": success, "informational": [], "failure": []},
            "trustListUri": CLAIM_LIST_URI,
        },
    }
    return copy.deepcopy(made | changes)


def read(made: dict[str, Any]) -> CredentialReport:
    return interpret({"store": made})


def found(made: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    results = made["validation_results"]["activeManifest"]
    assert isinstance(results, dict)
    return results


def test_our_own_release_is_recognised() -> None:
    report = read(store())
    assert (report.state, report.release_id, report.manifest_label) == ("trusted", "rel_1", LABEL)
    assert report.release is not None
    assert report.release.decision_ids == ("dec_1",)
    assert report.ai_generated is True


@pytest.mark.parametrize(
    "missing", ["claimSignature.validated", "signingCredential.trusted", "assertion.hashedURI.match"]
)
def test_a_release_that_is_not_attested_is_not_believed(missing: str) -> None:
    made = store(validation_state="Invalid")
    found(made)["success"] = [item for item in found(made)["success"] if item["code"] != missing]
    report = read(made)
    assert report.state == "invalid"
    assert report.release is None


def test_an_intact_assertion_of_another_name_attests_nothing() -> None:
    made = store()
    found(made)["success"][-1] = code("assertion.hashedURI.match", "c2pa.actions.v2")
    assert read(made).release is None


@pytest.mark.parametrize("uri", [STAMP_LIST_URI, None, "urn:other"])
def test_a_signer_from_another_list_is_a_stranger(uri: str | None) -> None:
    made = store()
    made["validation_results"]["trustListUri"] = uri
    report = read(made)
    assert report.state == "valid"
    assert report.failures == ("signingCredential.untrusted",)
    assert report.release is None


def test_a_time_stamp_counts_only_when_the_list_for_time_stamps_trusts_it() -> None:
    for uri, counts in ((STAMP_LIST_URI, True), (CLAIM_LIST_URI, False)):
        made = store()
        found(made)["success"].append(code("timeStamp.trusted") | {"explanation": f"trust list: {uri}"})
        assert read(made).timestamped is counts


def test_failures_keep_their_names() -> None:
    made = store(validation_state="Invalid")
    found(made)["failure"] = [code("assertion.bmffHash.mismatch")]
    assert read(made).failures == ("assertion.bmffHash.mismatch",)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia", True),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia", True),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture", False),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia", False),
        (None, None),
    ],
)
def test_whether_a_model_made_it_is_read_from_the_source_type(source: str | None, said: bool | None) -> None:
    made = store()
    made["manifests"][LABEL]["assertions"][0]["data"]["actions"] = [{"digitalSourceType": source}]
    assert read(made).ai_generated is said


@pytest.mark.parametrize("label", ["cawg.training-mining", "c2pa.training-mining"])
def test_every_use_that_is_not_simply_allowed_is_an_opt_out(label: str) -> None:
    made = store()
    entries = {"b": {"use": "notAllowed"}, "a": {"use": "constrained"}, "c": {"use": "allowed"}}
    made["manifests"][LABEL]["assertions"].append({"label": label, "data": {"entries": entries}})
    assert read(made).opt_outs == ("a", "b")


def ingredient(*failures: str) -> dict[str, Any]:
    return {"validation_results": {"activeManifest": {"failure": [code(name) for name in failures]}}}


def test_a_recorded_tampered_ingredient_is_seen_at_any_depth() -> None:
    made = store()
    made["manifests"]["urn:c2pa:parent"] = {"ingredients": [ingredient("assertion.bmffHash.mismatch"), {}]}
    report = read(made)
    assert report.state == "trusted"
    assert report.recorded_ingredient_failures == ("assertion.bmffHash.mismatch",)


def test_a_failure_found_in_an_ingredient_only_now_is_seen() -> None:
    made = store()
    deltas = [{"validationDeltas": {"failure": [code("ingredient.manifest.mismatch")]}}]
    made["validation_results"]["ingredientDeltas"] = deltas
    assert read(made).recorded_ingredient_failures == ("ingredient.manifest.mismatch",)


def test_an_ingredient_by_an_unknown_signer_is_not_called_tampered() -> None:
    made = store()
    made["manifests"][LABEL]["ingredients"] = [ingredient("signingCredential.untrusted")]
    assert read(made).recorded_ingredient_failures == ()


def test_an_older_claim_generator_is_read_too() -> None:
    made = store()
    del made["manifests"][LABEL]["claim_generator_info"]
    made["manifests"][LABEL]["claim_generator"] = "camera/1.0"
    assert read(made).claim_generator == "camera/1.0"


def test_a_release_without_its_fields_makes_the_store_unreadable() -> None:
    made = store()
    made["manifests"][LABEL]["assertions"][1]["data"] = {"release_id": "rel_1"}
    report = read(made)
    assert (report.state, report.failures) == ("unreadable", ("credentials.unreadable",))


@given(JSON)
def test_whatever_the_store_holds_a_report_comes_out(nonsense: Any) -> None:
    assert interpret({"store": nonsense}).state == "unreadable"
    assert interpret({"error": nonsense}).state == "unreadable"


@given(
    field=st.sampled_from(["active_manifest", "manifests", "validation_state", "validation_results"]),
    junk=JSON,
)
def test_a_store_with_one_field_of_nonsense_is_never_trusted(field: str, junk: Any) -> None:
    assert read(store(**{field: junk})).state == "unreadable"


@given(junk=JSON, at=st.integers(0, 1))
def test_assertions_of_nonsense_never_raise(junk: Any, at: int) -> None:
    made = store()
    made["manifests"][LABEL]["assertions"][at]["data"] = junk
    assert read(made).state in {"trusted", "unreadable"}


@given(word=st.text().filter(lambda word: word not in {"Trusted", "Valid", "Invalid"}))
def test_a_state_we_do_not_know_is_unreadable(word: str) -> None:
    assert read(store(validation_state=word)).state == "unreadable"
