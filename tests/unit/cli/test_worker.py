"""Worker: which workers a drain means, and that nobody is drained without anybody else."""

import pytest

from tailrace.bus.crew import Hand
from tailrace.cli.exits import CommandError
from tailrace.cli.worker import chosen
from tailrace.model.room_left import RoomLeft


def hand(name: str, *, draining: bool = False) -> Hand:
    return Hand(name, 1, RoomLeft(0), draining=draining)


CREW = [hand("node-1-100"), hand("node-1-200"), hand("node-2-100")]


def test_one_is_drained_by_its_name() -> None:
    assert chosen(CREW, "node-1-200", "node-1") == [CREW[1]]


def test_all_others_are_those_on_other_machines() -> None:
    assert chosen(CREW, "", "node-2") == CREW[:2]


@pytest.mark.parametrize(("name", "machine"), [("node-3-1", "node-1"), ("", "node")])
def test_who_is_not_there_cannot_be_drained(name: str, machine: str) -> None:
    with pytest.raises(CommandError, match="there is no worker" if name else "no other worker"):
        chosen(CREW, name, machine)


def test_the_last_one_that_takes_tasks_is_not_drained() -> None:
    crew = [hand("node-1-100"), hand("node-2-100", draining=True)]

    with pytest.raises(CommandError, match="no other worker"):
        chosen(crew, "node-1-100", "node-1")


def test_on_the_only_machine_there_are_no_others() -> None:
    with pytest.raises(CommandError, match="on another machine"):
        chosen(CREW[:2], "", "node-1")
