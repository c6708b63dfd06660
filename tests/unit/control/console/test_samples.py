"""Samples: text of callers is text in every language."""

import ast
import json
import shlex

from hypothesis import given
from hypothesis import strategies as st

from tailrace.control.console import samples
from tailrace.secret import Secret
from tailrace.wire.cloud.client import Credentials

KEY = Credentials("AKIDexample", Secret("the-secret-key"))
ORIGIN, REGION = "http://127.0.0.1:8930", "ap-guangzhou"
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = TEXT | st.integers() | st.booleans()
INNER = VALUES | st.lists(VALUES, max_size=3) | st.dictionaries(TEXT, VALUES, max_size=3)
PAYLOADS = st.dictionaries(TEXT, INNER, max_size=4)


@given(PAYLOADS)
def test_a_shell_reads_the_payload_from_the_command(payload: dict[str, object]) -> None:
    command = samples.curl(ORIGIN, "StopPublishCdnStream", payload, KEY, 1_700_000_000, REGION)
    words = shlex.split(command, comments=True)

    assert words[:3] == ["curl", "-sS", f"{ORIGIN}/"]
    assert json.loads(words[-1]) == payload
    assert "the-secret-key" not in command
    assert not any(word.startswith("Host") for word in words)


@given(PAYLOADS)
def test_python_reads_the_payload_from_the_program(payload: dict[str, object]) -> None:
    program = ast.parse(samples.python(ORIGIN, "StopPublishCdnStream", payload, REGION))
    assigned = {ast.unparse(node.targets[0]): node.value for node in program.body if isinstance(node, ast.Assign)}

    assert ast.literal_eval(assigned["PARAMETERS"]) == payload


def test_deep_payloads_stay_near_the_margin() -> None:
    deep = {"Outer": {"Inner": [{"Name": "it's", "Quoted": 'a "b"', "On": True, "Nothing": None, "Empty": []}]}}

    assert """
PARAMETERS = {
    "Outer": {
        "Inner": [
            {
                "Name": "it's",
                "Quoted": 'a "b"',
                "On": True,
                "Nothing": None,
                "Empty": [],
            },
        ],
    },
}
""" in samples.python(ORIGIN, "StopPublishCdnStream", deep, REGION)


def test_actions_of_the_cloud_are_called_by_their_methods_and_ours_by_name() -> None:
    stop = samples.python("https://relay.example.com", "StopPublishCdnStream", {}, REGION)
    describe = samples.python(ORIGIN, "DescribePublishCdnStream", {}, REGION)

    assert "client.StopPublishCdnStream(request)" in stop
    assert 'protocol="https", endpoint="relay.example.com"' in stop
    assert 'call_json("DescribePublishCdnStream", PARAMETERS)' in describe
    assert "models" not in describe


def test_json_is_for_people() -> None:
    assert samples.pretty({"RoomId": "é"}) == '{\n  "RoomId": "é"\n}'
