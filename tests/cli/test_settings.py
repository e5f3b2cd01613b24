"""Settings that cannot be read are one line that names the variable, and never a secret."""

import pytest

from moderation.settings import SettingsInvalid, read_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [("GENERATOR_OPTIONS", "{steps: 3"), ("GENERATOR_DEVICE", "gpu"), ("GENERATOR_FPS", "many")],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SAFECONDUCT_{name}", value)
    with pytest.raises(SettingsInvalid) as caught:
        read_settings()
    assert name.lower() in str(caught.value).lower()
    assert caught.value.code == "settings.invalid"


def test_options_are_read_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFECONDUCT_GENERATOR_OPTIONS", '{"num_inference_steps": 3}')
    assert read_settings().generator_options == {"num_inference_steps": 3}


@pytest.mark.parametrize("name", ["asset_secret_key", "generator_token", "master_key"])
def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"SAFECONDUCT_{name.upper()}", "hush-hush")
    settings = read_settings()
    assert getattr(settings, name) == "hush-hush"
    assert "hush" not in repr(settings)
