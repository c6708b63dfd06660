"""Receiver reports tell what RFC 3550 says they tell."""

import pytest

from tailrace.wire.rtp.rtcp_report import ReportBlock, SenderReport
from tailrace.wire.rtp.statistics import Statistics


def test_nothing_lost_and_even_arrivals() -> None:
    statistics = Statistics(7, 90_000)
    for number in range(100):
        statistics.count((65_500 + number) & 0xFFFF, (number * 900 - 5000) % (1 << 32), 100, 50 + number * 0.01)

    assert statistics.block(51.0) == ReportBlock(7, 0, 0, 65_599, 0, 0, 0)
    assert (statistics.packets, statistics.octets, statistics.expected) == (100, 10_000, 100)


def test_loss_is_told_since_the_last_report_and_in_all() -> None:
    statistics = Statistics(7, 90_000)
    for number in range(0, 101, 2):
        statistics.count(number, 0, 1, 0.0)
    first = statistics.block(0.0)
    for number in range(101, 201):
        statistics.count(number, 0, 1, 0.0)
    second = statistics.block(0.0)

    assert (first.fraction_lost, first.lost) == (50 * 256 // 101, 50)
    assert (second.fraction_lost, second.lost, second.highest) == (0, 50, 200)


def test_repeated_packets_are_told_as_negative_loss() -> None:
    statistics = Statistics(7, 90_000)
    for number in (1, 1, 1, 2):
        statistics.count(number, 0, 1, 0.0)

    assert (statistics.block(0.0).fraction_lost, statistics.block(0.0).lost) == (0, -2)


def test_a_packet_that_was_overtaken_is_not_a_new_highest_one() -> None:
    statistics = Statistics(7, 90_000)
    for number in (10, 12, 11):
        statistics.count(number, 0, 1, 0.0)

    assert (statistics.block(0.0).highest, statistics.expected) == (12, 3)


def test_jitter_tends_to_the_usual_difference_of_two_arrivals() -> None:
    statistics = Statistics(7, 90_000)
    for number in range(500):
        statistics.count(number, number * 900, 1, number * 0.01 + (0.008 if number % 2 else 0.0))

    assert statistics.jitter_seconds == pytest.approx(0.008, rel=0.02)
    assert statistics.block(5.0).jitter == pytest.approx(720, rel=0.02)


def test_a_senders_report_is_answered_with_its_time_and_the_delay_since() -> None:
    statistics = Statistics(7, 90_000)
    statistics.count(1, 0, 1, 0.0)
    statistics.reported(SenderReport(7, 0x0000_1234_5678_0000, 0, 0, 0), 2.0)

    block = statistics.block(3.5)

    assert (block.last_sr, block.delay) == (0x1234_5678, 98_304)
