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
    assert (config.listen.http, config.listen.media_http, config.listen.rtmp, config.listen.webrtc) == (
        8930,
        8931,
        1935,
        8189,
    )
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
        (
            {"account": [ACCOUNT], "app": [{**APP, "callback_url": "https://a/" + "x" * 2074}]},
            "at most 2083 characters",
        ),
        ({"account": [ACCOUNT], "app": [{**APP, "callback_url": 5}]}, "expected a text"),
        ({"account": [ACCOUNT], "app": [{**APP, "callback_key": "x" * 33}]}, "up to 32 letters and digits"),
        ({"account": [ACCOUNT], "app": [{**APP, "callback_key": "not this"}]}, "up to 32 letters and digits"),
    ],
)
def test_what_contradicts_itself_is_refused_with_the_reason(values: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(values)

    assert why in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "example.com/callbacks",
        "http:///path",
        "http://example.com:0/",
        "http://example.com:70000/",
        "http://[::1/",
        "http://user:word@example.com/",
        "http://example.com/a b",
        "http://example.com/\r\nX: y",
        "http://example.com/#part",
        "http://exämple.com/",
    ],
)
def test_what_is_no_address_of_a_receiver_is_refused_by_its_name_and_not_quoted(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"account": [ACCOUNT], "app": [{**APP, "callback_url": url}]})

    (found,) = caught.value.errors()
    assert found["loc"] == ("app", 0, "callback_url")
    assert found["msg"].startswith("Value error, expected an address such as https://example.com/callbacks")


@pytest.mark.parametrize(
    "url", ["", "http://127.0.0.1:8080", "https://example.com/in?x=a%20b", "https://[2001:db8::1]:8443/", "HTTP://A/"]
)
def test_an_address_of_a_receiver_is_kept_as_it_is_and_shown_without_its_path(url: str) -> None:
    config = Config.model_validate({"account": [ACCOUNT], "app": [{**APP, "callback_url": url}]})

    assert config.app[0].callback_url.reveal() == url
    assert "/in" not in repr(config) + config.model_dump_json()


def test_every_preset_that_can_be_configured_has_its_measured_cost() -> None:
    presets = get_args(Encoding.model_fields["preset"].annotation)

    assert set(presets) == {AUTO, *COSTS}


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Config().listen.http = 1  # type: ignore[misc]


@pytest.mark.parametrize("origin", ["", "https://relay.example.com", "http://127.0.0.1:8930", "https://[::1]:1"])
def test_an_origin_is_an_address_without_a_path(origin: str) -> None:
    assert Config.model_validate({"console": {"url": origin, "media_url": origin}}).console.url == origin


@pytest.mark.parametrize(
    "origin", ["relay.example.com", "https://a/console", "https://a/", "ftp://a", "https://u:p@a", "https://A; x"]
)
def test_anything_else_is_none(origin: str) -> None:
    with pytest.raises(ValidationError, match="without a path"):
        Config.model_validate({"console": {"url": origin}})


@pytest.mark.parametrize(
    "url", ["stun:stun.example.com", "turn:[2001:db8::1]:3478?transport=udp", "turns:t.example:443"]
)
def test_ice_servers_are_stun_and_turn(url: str) -> None:
    config = Config.model_validate({"webrtc": {"ice_server": [{"urls": [url], "credential": "hunter2"}]}})

    assert config.webrtc.ice_server[0].urls == (url,)
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize(
    "settings",
    [
        {"ice_server": [{"urls": ["https://example.com"]}]},
        {"ice_server": [{"urls": []}]},
        {"ice_server": [{"urls": ['stun:x>; rel="next"']}]},
        {"announce": ["example.com"]},
        {"max_sessions": 0},
        {"keyframe_interval": -1},
    ],
)
def test_settings_of_webrtc_that_cannot_be_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"webrtc": settings})
