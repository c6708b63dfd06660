"""Config: frozen, without room for unknown keys, and consistent."""

from typing import get_args

import pytest
from pydantic import ValidationError

from tailrace.config import Config, Encoding, Key
from tailrace.model.encoding import AUTO, COSTS
from tailrace.secret import Secret

ACCOUNT = {"app_id": 1, "secret_id": "id", "secret_key": "key"}
APP = {"sdk_app_id": 1400000001, "account": 1, "key": "app key"}


def test_the_defaults_listen_on_loopback_only() -> None:
    config = Config()

    assert config.listen.host == "127.0.0.1"
    assert (config.listen.http, config.listen.media_http, config.listen.rtmp) == (8930, 8931, 1935)
    assert config.account == ()


def test_secrets_are_read_as_secrets_and_print_as_stars() -> None:
    config = Config.model_validate({"account": [ACCOUNT], "app": [APP]})

    assert config.account[0].secret_key.reveal() == "key"
    assert "app key" not in repr(config)
    assert "app key" not in config.model_dump_json()


def test_an_account_may_have_two_keys() -> None:
    second = {"secret_id": "other", "secret_key": "x"}
    account = Config.model_validate({"account": [{**ACCOUNT, "second_key": second}]}).account[0]

    assert [key.secret_id for key in account.keys] == ["id", "other"]
    assert isinstance(account.keys[1], Key)
    assert account.keys[1].secret_key == Secret("x")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"lisen": {}}, "Extra inputs are not permitted"),
        ({"listen": {"http": 65536}}, "less than or equal to 65535"),
        ({"account": [ACCOUNT, {**ACCOUNT, "secret_id": "b"}]}, "account.app_id 1 is given twice"),
        ({"account": [ACCOUNT, {**ACCOUNT, "app_id": 2}]}, "account.secret_id id is given twice"),
        ({"account": [ACCOUNT], "app": [APP, APP]}, "app.sdk_app_id 1400000001 is given twice"),
        ({"app": [APP]}, "there is no [[account]] with app_id 1"),
        ({"destinations": {"allow_private": ["10.0.0.0/33"]}}, "does not appear to be an IPv4 or IPv6 network"),
        ({"account": [{**ACCOUNT, "secret_key": 5}]}, "expected a text"),
        ({"log": {"level": "loud"}}, "Input should be"),
        ({"encoding": {"preset": "quick"}}, "Input should be"),
        ({"encoding": {"threads": 17}}, "less than or equal to 16"),
    ],
)
def test_what_contradicts_itself_is_refused_with_the_reason(values: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(values)

    assert why in str(caught.value)


def test_every_preset_that_can_be_configured_has_its_measured_cost() -> None:
    presets = get_args(Encoding.model_fields["preset"].annotation)

    assert set(presets) == {AUTO, *COSTS}


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Config().listen.http = 1  # type: ignore[misc]
