"""Fault: each error has a public number, and the documentation has each number."""

from pathlib import Path

import pytest

from tailrace.errors import (
    AddressForbidden,
    CallerError,
    DestinationGarbled,
    DestinationLost,
    DestinationNameUnknown,
    DestinationRefused,
    DestinationSilent,
    DestinationStalled,
    DestinationUnreachable,
    DestinationUntrusted,
    TailraceError,
)
from tailrace.model.destination_fault import WORDS, Fault, fault_of, message_of

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "destinations.md"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CallerError("no"), 11),
        (DestinationNameUnknown("no"), 12),
        (AddressForbidden("no"), 13),
        (DestinationRefused("NetStream.Failed", ""), 20),
        (DestinationRefused("_error", ""), 20),
        (DestinationRefused("NetStream.Publish.BadName", "in use"), 21),
        (DestinationRefused("NetStream.Publish.Denied", ""), 22),
        (DestinationRefused("NetStream.Publish.Failed", ""), 22),
        (DestinationRefused("NetConnection.Connect.Rejected", ""), 23),
        (DestinationRefused("NetConnection.Connect.InvalidApp", ""), 23),
        (DestinationUnreachable("no"), 31),
        (DestinationSilent("no"), 32),
        (DestinationLost("no"), 33),
        (DestinationGarbled("no"), 34),
        (DestinationUntrusted("no"), 41),
        (DestinationStalled("no"), 51),
    ],
)
def test_each_error_has_its_number(error: TailraceError, code: int) -> None:
    assert fault_of(error) == code


def test_the_documentation_has_the_same_numbers_and_names() -> None:
    rows = [line.split("|") for line in DOCUMENTATION.read_text().splitlines() if line.count("|") == 5]
    listed = {cells[2].strip(" `"): int(cells[1]) for cells in rows if cells[2].strip().startswith("`")}

    assert listed == {fault.name: fault.value for fault in Fault}


def test_every_fault_has_words_of_its_own() -> None:
    assert set(WORDS) == set(Fault) - {Fault.NONE}
    assert len(set(WORDS.values())) == len(WORDS)


def test_a_message_says_whose_fault_it_is_and_then_what_was_seen() -> None:
    assert message_of(Fault.UNTRUSTED, "certificate has expired") == "TLS with the CDN failed: certificate has expired"
    assert message_of(Fault.UNTRUSTED) == "TLS with the CDN failed"
