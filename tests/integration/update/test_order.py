"""Which update wins: several at once, late ones, repeated ones, and updates while nobody runs the task."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.harness.cloud import Cloud, CloudError
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.integration.update.running import until_visible
from tests.integration.update.scenes import (
    CUSTOM,
    CUSTOM_PLACES,
    ENCODE,
    FPS,
    GRID,
    GRID_PLACES,
    PEOPLE,
    ROOM,
    custom,
    publishing,
    targets,
)
from tests.integration.update.watching import is_steady, latest_ms, pictures_of, shows
from tests.media.received import Received, rises
from tests.media.windows import shows_colour

OUTDATED = "FailedOperation.RequestOutdated"
# A part of CUSTOM's canvas where nobody is.
FREE = (380, 20, 100, 440)


def update(cloud: Cloud, task: str, sequence: int, **changes: Any) -> str:
    """Update a mix; return the code of the error, or nothing."""
    try:
        assert cloud.update(task, sequence, **changes) == task
    except CloudError as error:
        return str(error.get_code())
    return ""


def coloured(number: int) -> dict[str, Any]:
    """A canvas colour of its own for each number."""
    return {"VideoParams": {"BackGroundColor": f"0x{0x202020 + 0x141414 * number:06X}"}}


def colour_is(cdn: HostedCdn, name: str, number: int) -> bool:
    """Whether the newest picture has the colour of that number."""
    stream = cdn.stream(name)
    picture = pictures_of(stream, after_ms=latest_ms(stream))[-1]
    return shows_colour(picture.image, 0x202020 + 0x141414 * number, *FREE)


@pytest.mark.usefixtures("people")
def test_of_updates_at_once_the_highest_number_wins_and_what_is_accepted_is_not_lost(
    cloud: Cloud, cdn: HostedCdn
) -> None:
    task = cloud.start_mix(ROOM, [cdn.url("race")], layout=CUSTOM, encode=ENCODE)
    cdn.until("race", FPS)
    revision = 0
    for turn in range(3):
        numbers = [turn * 10 + number for number in (4, 1, 3, 0, 2)]
        with ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(lambda n: update(cloud, task, n, **coloured(n % 10)), numbers))
        revision += answers.count("")

        # A lower number is refused only when a higher one was there before it.
        assert set(answers) <= {"", OUTDATED}
        assert answers[0] == ""
        told = cloud.describe(task)
        assert (told["SequenceNumber"], told["Revision"]) == (turn * 10 + 4, revision)
        until_visible(cloud, task, revision)
        eventually(partial(colour_is, cdn, "race", 4), "the colour of the highest number")

    # Two that change different things, in their order: both are to be seen.
    with ThreadPoolExecutor(2) as pool:
        both = (
            pool.submit(update, cloud, task, 101, **coloured(0)),
            pool.submit(update, cloud, task, 102, PublishCdnParams=targets(cdn.url("race"), cdn.url("second"))),
        )
    first, second = (done.result() for done in both)
    assert (first in ("", OUTDATED), second) == (True, "")
    cdn.until("second", FPS)
    assert colour_is(cdn, "second", 4 if first else 0)
    assert len(cdn.streams("race")) == 1


@pytest.mark.usefixtures("people")
def test_what_is_refused_or_repeated_does_not_touch_the_output(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start_mix(ROOM, [cdn.url("late")], layout=CUSTOM, encode=ENCODE, canvas=coloured(0)["VideoParams"])
    cdn.until("late", FPS)
    assert update(cloud, task, 20, **coloured(2)) == ""
    until_visible(cloud, task, 1)
    since = latest_ms(cdn.stream("late"))

    assert update(cloud, task, 19, **coloured(5)) == OUTDATED
    assert update(cloud, task, 20, **coloured(5)) == OUTDATED
    assert update(cloud, task, 20, **coloured(2)) == ""
    assert update(cloud, task, 21, VideoParams={"LayoutParams": {"MixLayoutMode": 9}}) == "InvalidParameter"
    assert update(cloud, task, 21, PublishCdnParams=[]) == "InvalidParameter"
    told = cloud.describe(task)
    assert (told["Revision"], told["SequenceNumber"], told["VisibleRevision"]) == (1, 20, 1)
    cdn.until_more("late", FPS)
    until = latest_ms(cdn.stream("late"))
    # The number of the one that failed is free.
    assert update(cloud, task, 21, VideoParams={"LayoutParams": GRID}) == ""
    until_visible(cloud, task, 2)
    cdn.until_more("late", FPS)
    cloud.stop(task)
    stream = cdn.until_ended("late")

    assert len(cdn.streams("late")) == 1
    assert is_steady(stream, since)
    pictures = pictures_of(stream)
    untouched = [picture.image for picture in pictures if since <= picture.at_ms <= until]
    assert all(shows_colour(image, 0x484848, *FREE) for image in untouched)
    assert shows(CUSTOM_PLACES)(untouched[0])
    assert shows(CUSTOM_PLACES)(untouched[-1])
    assert shows(GRID_PLACES)(pictures[-1].image)


@pytest.mark.usefixtures("people")
def test_an_update_while_the_child_is_started_again_is_shown_by_the_new_one(
    served: Served, cloud: Cloud, cdn: HostedCdn
) -> None:
    task = cloud.start_mix(ROOM, [cdn.url("crash")], layout=CUSTOM, encode=ENCODE)
    cdn.until("crash", FPS)
    (child,) = served.children()
    os.kill(child, signal.SIGKILL)
    cloud.update(task, 1, **coloured(3), AudioParams={})
    until_visible(cloud, task, 1)
    eventually(partial(colour_is, cdn, "crash", 3), "the new colour")
    told = cloud.describe(task)
    cloud.stop(task)
    cdn.until_ended("crash")

    assert (told["Epoch"], told["Revision"]) == (2, 1)
    received = cdn.received("crash")
    assert rises([at for at, _ in received.frames])
    assert shows_colour(pictures_of(cdn.streams("crash")[0])[-1].image, 0, *FREE)
    new = pictures_of(cdn.stream("crash"))
    assert shows_colour(new[-1].image, 0x5C5C5C, *FREE)
    assert shows(CUSTOM_PLACES)(new[-1].image)


def test_an_update_of_a_task_that_waits_for_a_worker_is_what_the_worker_begins_with(
    tmp_path: Path, cdn: HostedCdn, films: Path
) -> None:
    with Served(tmp_path, roles=["bus", "control", "ingest"]) as served:
        cloud = Cloud(served)
        mixes = cloud.start_mix("later", [cdn.url("before")], layout=GRID, encode=ENCODE)
        becomes = cloud.start("later", "person0", [cdn.url("becomes")])
        one: dict[str, Any] = {"VideoParams": {"LayoutParams": custom({1: (0, 0, 320, 180)})}}
        cloud.update(mixes, 1, **one, PublishCdnParams=targets(cdn.url("after")))
        cloud.update(becomes, 1, VideoParams={"VideoEncode": ENCODE, "LayoutParams": custom({0: (40, 40, 320, 180)})})
        told = cloud.describe(mixes)
        assert (told["State"], told["Revision"], told["VisibleRevision"]) == ("queued", 1, -1)

        (tmp_path / "worker").mkdir()
        with (
            Served(tmp_path / "worker", roles=["worker"], TAILRACE_BUS__URL=served.bus_url()),
            publishing(served, films, "later", PEOPLE[:2]),
        ):
            for task, name in ((mixes, "after"), (becomes, "becomes")):
                cdn.until(name, FPS)
                until_visible(cloud, task, 1)
                cloud.stop(task)
                cdn.until_ended(name)

    assert cdn.streams("before") == []
    # In a custom layout everybody's sound is heard who has a window; the others have none.
    assert shows({1: (0, 0, 320, 180)})(pictures_of(cdn.stream("after"))[-1].image)
    assert shows({0: (40, 40, 320, 180)})(pictures_of(cdn.stream("becomes"))[-1].image)
    assert [len(cdn.streams(name)) for name in ("after", "becomes")] == [1, 1]
    assert Received(cdn.stream("after").video, []).frames[0][1].key
