"""Encoding: the table of presets and threads, and the options that keep the promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.model.encoding import COSTS, MAX_THREADS, choose, load
from tailrace.model.mix import VideoEncoding

ENCODINGS = st.builds(
    VideoEncoding,
    st.integers(1, 960).map(lambda n: 2 * n),
    st.integers(1, 960).map(lambda n: 2 * n),
    st.integers(1, 60),
    st.integers(1, 10_000),
    st.integers(1, 5),
)


@pytest.mark.parametrize(
    ("output", "cores", "chosen"),
    [
        ((320, 180, 15, 150), 2, ("faster", 1)),
        ((640, 360, 15, 400), 2, ("faster", 1)),
        ((640, 360, 30, 800), 2, ("veryfast", 1)),
        ((1280, 720, 15, 1000), 2, ("veryfast", 1)),
        ((1280, 720, 30, 1500), 2, ("veryfast", 1)),
        ((1280, 720, 60, 3000), 2, ("superfast", 1)),
        ((1920, 1080, 15, 2000), 2, ("veryfast", 1)),
        ((1920, 1080, 30, 3000), 2, ("superfast", 1)),
        ((1080, 1920, 30, 3000), 8, ("superfast", 1)),
        ((1920, 1080, 60, 6000), 2, ("superfast", 2)),
        ((1920, 1080, 60, 6000), 1, ("ultrafast", 1)),
        ((1920, 1080, 60, 6000), 8, ("superfast", 2)),
    ],
)
def test_the_table_of_the_documentation(output: tuple[int, int, int, int], cores: int, chosen: tuple[str, int]) -> None:
    settings = choose(VideoEncoding(*output, gop=2), cores)

    assert (settings.preset, settings.threads) == chosen


@given(ENCODINGS, st.integers(1, 64))
def test_one_thread_is_taken_wherever_it_is_enough(encoding: VideoEncoding, cores: int) -> None:
    settings = choose(encoding, cores)

    assert 1 <= settings.threads <= min(cores, MAX_THREADS)
    assert settings.threads == 1 or load(encoding, "superfast") > 0.6


@given(ENCODINGS)
def test_more_cores_never_make_the_picture_worse(encoding: VideoEncoding) -> None:
    order = list(COSTS)
    presets = [order.index(choose(encoding, cores).preset) for cores in (1, 2, 4, 8)]

    assert presets == sorted(presets)


@given(ENCODINGS, st.sampled_from(list(COSTS)), st.integers(1, 4), st.integers(1, 64))
def test_what_the_configuration_insists_on_is_taken(
    encoding: VideoEncoding, preset: str, threads: int, cores: int
) -> None:
    settings = choose(encoding, cores, preset, threads)

    assert (settings.preset, settings.threads) == (preset, threads)


def test_a_preset_of_the_configuration_gets_the_threads_that_it_needs() -> None:
    encoding = VideoEncoding(1920, 1080, 30, 3000, 2)

    assert [choose(encoding, 8, preset).threads for preset in ("ultrafast", "veryfast", "faster", "veryslow")] == [
        1,
        2,
        3,
        MAX_THREADS,
    ]


def test_slower_presets_cost_more() -> None:
    loads = [load(VideoEncoding(1280, 720, 30, 1500, 2), preset) for preset in COSTS]

    assert loads == sorted(loads)
    assert loads[2] == pytest.approx(0.44, abs=0.01)  # veryfast, as measured


def test_groups_and_rate_are_in_the_options() -> None:
    options = dict(choose(VideoEncoding(640, 360, 24, 700, 3), 2).options)

    assert (options["keyint"], options["min-keyint"]) == ("72", "72")
    assert (options["bitrate"], options["vbv-maxrate"], options["vbv-bufsize"]) == ("700", "700", "700")
