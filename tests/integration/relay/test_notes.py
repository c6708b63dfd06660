"""Where the output differs from what was asked, Describe and the log say so."""

from pathlib import Path

import pytest

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually

HE_AAC = 1


@pytest.mark.parametrize("mixed", [False, True], ids=["passed through", "mixed"])
def test_lc_aac_in_place_of_he_aac_is_told(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path, mixed: bool
) -> None:
    name = f"profile_{mixed:d}"
    with Publisher(red_film, served.publish_url(name, "anna")):
        if mixed:
            task = cloud.start_mix(name, [cdn.url(name)], sound={"Codec": HE_AAC})
        else:
            task = cloud.start(name, "anna", [cdn.url(name)], profile=HE_AAC)
        eventually(lambda: cdn.streams(name) and cdn.stream(name).audio, "sound")
        (note,) = eventually(lambda: cloud.describe(task)["Notes"], "a note")
        cloud.stop(task)
        cloud.until_ended(task)

    assert note == "HE-AAC is not available here, the sound is LC-AAC"
    assert [entry["note"] for entry in served.entries("output differs") if entry["task_id"] == task] == [note]
