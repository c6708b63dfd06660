"""Pictures that cannot be had: the task runs on, says which and why, and gives no address away."""

from tests.fakes.web import says
from tests.harness.hosted_web import HostedWeb
from tests.harness.stage import Stage
from tests.harness.waiting import eventually
from tests.integration.mix.places import window
from tests.integration.mix_pictures.drawn import BLUE, HOST, RED, framed, plain, saved, scene, until_shown
from tests.integration.mix_pictures.test_watermarks import image_mark, text_mark

# It is in the path, the query, and what the server sends.
SECRET = "s3cr3t"


def test_each_image_that_cannot_be_had_is_named_and_nothing_of_its_address_but_the_host(
    stage: Stage, web: HostedWeb
) -> None:
    stage.enter(HOST)
    answers = {
        "missing": says("404 Not Found", SECRET.encode()),
        "moved": says("302 Found", b"", f"Location: {web.url(f'/{SECRET}/other.png')}"),
        "large": says("200 OK", bytes(5 * 1024 * 1024 + 1)),
        "page": says("200 OK", f"<html>{SECRET}</html>".encode()),
        "broken": says("200 OK", saved(framed())[:300]),
        "huge": says("200 OK", saved(plain(RED, 2600, 1500))),
    }
    urls = {name: web.serve(f"/{SECRET}/{name}.png", answer) + f"?sign={SECRET}" for name, answer in answers.items()}
    good = web.serve("/good.png", saved(plain(RED)))
    viewer = stage.mix(
        scene(
            window((0, 0, 160, 90), BackgroundImageUrl=urls["moved"]),
            window((160, 0, 160, 90), BackgroundImageUrl=urls["large"]),
            window((320, 0, 160, 90), TransparentUrl=urls["page"]),
            window((480, 0, 160, 90), BackgroundImageUrl=f"http://10.0.0.1/{SECRET}.png"),
        ),
        canvas={
            "BackGroundColor": f"{BLUE:#x}",
            "BackgroundImageUrl": urls["missing"],
            "WaterMarkList": [
                image_mark(good, (40, 200, 80, 80)),
                image_mark(urls["broken"], (140, 200, 80, 80)),
                image_mark(urls["huge"], (240, 200, 80, 80)),
                image_mark(web.url(f"/{SECRET} $.png"), (340, 200, 80, 80)),
                text_mark(SECRET, (0, 300, 5000, 5000)),
            ],
        },
    )

    until_shown(viewer, {(80, 240): RED, (180, 240): BLUE, (80, 45): BLUE, (600, 45): BLUE})
    wanted = {
        "canvas image": "was answered with status 404, in 4 tries",
        "placeholder of window 0": "is redirected elsewhere, which is not followed",
        "placeholder of window 1": "has more than 5242880 bytes",
        "template of window 2": "an image that is of an unknown format cannot be used here",
        "placeholder of window 3": "is not a public address",
        "watermark": "the png is broken",
        "watermark ": "2600 x 1500 pixels is larger than 2K",
        "watermark  ": "has characters that are not allowed",
        "watermark text": "larger than 2K",
    }

    def notes() -> list[str]:
        told: list[str] = stage.cloud.describe(stage.task)["Notes"]
        return told if len(told) == len(wanted) else []

    told = eventually(notes, "a note for each")
    for name, why in wanted.items():
        assert any(note.startswith(f"{name.strip()}: ") and why in note for note in told), (name, told)
    logged = [entry["error"] for entry in stage.served.entries("image without effect")]
    assert set(told) <= set(logged)
    assert SECRET not in str(told)
    assert SECRET not in stage.served.log()

    # It runs on, and what is right now is without notes.
    number = viewer.now().number
    stage.cloud.update(
        stage.task,
        1,
        VideoParams={"LayoutParams": scene(), "BackgroundImageUrl": good, "WaterMarkList": []},
    )
    shot = until_shown(viewer, {(80, 45): RED, (320, 180): RED})
    assert shot.number > number
    eventually(lambda: stage.cloud.describe(stage.task)["Notes"] == [], "no notes")
    assert len(stage.cdn.streams(viewer.name)) == 1
