"""Outlook: when browsers are told that the bus is away, and when they are told everything."""

from tailrace.control.console.follower import Name
from tailrace.control.console.outlook import Outlook


def known() -> Outlook:
    """An outlook of which everything was told."""
    outlook = Outlook()
    assert outlook.look(connected=True, loaded=True) is Name.SNAPSHOT
    return outlook


def test_everything_is_told_once_it_was_read_and_not_again() -> None:
    outlook = Outlook()

    said = [outlook.look(connected=True, loaded=loaded) for loaded in (False, True, True)]

    assert said == [None, Name.SNAPSHOT, None]


def test_that_the_bus_is_away_is_said_once() -> None:
    outlook = known()

    said = [outlook.look(connected=False, loaded=True) for _ in range(2)]

    assert said == [Name.AWAY, None]
    assert not outlook.known


def test_a_connection_is_not_enough_before_what_it_leads_to_stands_again() -> None:
    # Without this, everything was told twice: as it had been, and once the buckets stood again.
    outlook = known()
    outlook.look(connected=False, loaded=True)

    early = outlook.look(connected=True, loaded=True)
    outlook.back()
    later = [outlook.look(connected=True, loaded=True) for _ in range(2)]

    assert early is None
    assert later == [Name.SNAPSHOT, None]


def test_who_missed_that_the_bus_was_away_is_told_everything_all_the_same() -> None:
    outlook = known()

    outlook.back()

    assert outlook.look(connected=True, loaded=True) is Name.SNAPSHOT


def test_a_bus_that_is_lost_again_at_once_is_away_again() -> None:
    outlook = known()
    outlook.look(connected=False, loaded=True)

    outlook.back()

    assert outlook.look(connected=False, loaded=True) is Name.AWAY
