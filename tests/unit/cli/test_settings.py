"""Settings: file and environment become a Config, and each mistake one line with its place."""

import os
from pathlib import Path

import pytest

from tailrace.cli import sample, settings
from tailrace.errors import ConfigError

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(settings.PREFIX):
            monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    sample.write(tmp_path / "tailrace.toml")
    return tmp_path / "tailrace.toml"


def mistakes(file: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settings.load(file)
    return str(caught.value).replace(str(file), "FILE").splitlines()


def test_the_sample_is_a_whole_configuration(file: Path) -> None:
    config = settings.load(file)

    assert config.account[0].secret_id.startswith("AKID")
    assert config.app[0].account == config.account[0].app_id
    assert len(config.app[0].key.reveal()) == 64


def test_the_sample_has_the_defaults_and_names_every_table(file: Path) -> None:
    config = settings.load(file)
    empty = file.with_name("empty.toml")
    empty.touch()
    defaults = settings.load(empty)

    for table in type(defaults).model_fields:
        assert f"[{table}]" in file.read_text()
        if table not in ("account", "app"):
            assert getattr(config, table) == getattr(defaults, table)


def test_the_environment_wins_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_LISTEN__HTTP", "9000")
    monkeypatch.setenv("TAILRACE_DESTINATIONS__ALLOW_PRIVATE", '["10.0.0.0/8"]')
    monkeypatch.setenv("TAILRACE_BUS__URL", "nats://u:p@h:1")

    config = settings.load(file)

    assert config.listen.http == 9000
    assert config.listen.rtmp == 1935
    assert config.destinations.allow_private == ("10.0.0.0/8",)
    assert config.bus.url.reveal() == "nats://u:p@h:1"


def test_lists_of_tables_are_json_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty.toml"
    empty.touch()
    monkeypatch.setenv("TAILRACE_ACCOUNT", '[{"app_id": 1, "secret_id": "a", "secret_key": "b"}]')

    assert settings.load(empty).account[0].secret_key.reveal() == "b"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[listen]\nhtpp = 1", ["FILE: unknown key listen.htpp; did you mean listen.http?"]),
        ("[zzz]\nx = 1", ["FILE: unknown key zzz; docs/configuration.md lists them all"]),
        ("[listen]\nhttp = 70000", ["FILE: listen.http: Input should be less than or equal to 65535"]),
        ("[[account]]\napp_id = 1\nsecret_id = 'a'", ["FILE: account.0.secret_key is missing"]),
        (
            "[[app]]\nsdk_app_id = 5\naccount = 9\nkey = 'k'",
            ["FILE: app 5: there is no [[account]] with app_id 9"],
        ),
        (
            "[[webrtc.ice_server]]\nurl = 'stun:a'\n[[webrtc.ice_server]]\nusername = 'b'",
            [
                "FILE: unknown key webrtc.ice_server.0.url; did you mean webrtc.ice_server.urls?",
                "FILE: webrtc.ice_server.1.urls is missing",
            ],
        ),
        (
            "[webrtc]\nice_server = ['stun:a']",
            ["FILE: webrtc.ice_server.0: this is a table with keys of its own; docs/configuration.md lists them"],
        ),
        (
            "[listen]\nx = 1\n[log]\ny = 2",
            [
                "FILE: unknown key listen.x; docs/configuration.md lists them all",
                "FILE: unknown key log.y; docs/configuration.md lists them all",
            ],
        ),
    ],
)
def test_a_mistake_in_the_file_is_one_line_that_names_the_key(tmp_path: Path, text: str, lines: list[str]) -> None:
    file = tmp_path / "t.toml"
    file.write_text(text)

    assert mistakes(file) == lines


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("[listen")

    assert mistakes(file)[0].startswith("FILE: not TOML: ")


def test_a_file_that_is_not_there_comes_with_the_way_out(tmp_path: Path) -> None:
    assert "tailrace init" in mistakes(tmp_path / "none.toml")[0]


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("TAILRACE_LISTEN__HTPP", "1", "TAILRACE_LISTEN__HTPP: unknown key listen.htpp; did you mean listen.http?"),
        (
            "TAILRACE_X__HTTP",
            "1",
            "TAILRACE_X__HTTP: unknown key x.http; docs/configuration.md lists them all",
        ),
        ("TAILRACE_ZZZ", "1", "TAILRACE_ZZZ: unknown key zzz; docs/configuration.md lists them all"),
    ],
)
def test_a_variable_that_names_no_key_is_a_mistake(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str
) -> None:
    monkeypatch.setenv(name, value)

    assert mistakes(file) == [line]


def test_a_wrong_value_in_a_variable_names_the_variable(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_LISTEN__HTTP", "many")

    [line] = mistakes(file)

    assert line.startswith("TAILRACE_LISTEN__HTTP: listen.http: ")


def test_a_list_that_is_no_json_says_what_it_should_be(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_API__REGIONS", "ap-guangzhou")

    assert "JSON" in mistakes(file)[0]


def test_no_mistake_shows_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("[[account]]\napp_id = 'hunter2'\nsecret_id = 'a'\nsecret_key = 'hunter2'\nhunter = 'hunter2'")

    assert all("hunter2" not in line for line in mistakes(file))


def test_places_are_no_keys_and_no_mistakes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.PLACES:
        monkeypatch.setenv(name, "/somewhere")

    assert settings.load(file).listen.http == 8930


@pytest.mark.parametrize("key", sorted(settings.keys()))
def test_every_key_is_in_the_reference_with_its_variable(key: str) -> None:
    reference = (DOCS / "configuration.md").read_text()

    table, _, name = key.rpartition(".")
    listed = table in ("account", "app", "webrtc.ice_server")
    title = f"## [[{table}]]" if listed else f"## [{table}]"
    assert f"| `{name}` |" in reference.partition(title)[2].partition("\n## ")[0]
    if not listed:
        assert f"`{settings.variable(key.split('.'))}`" in reference
