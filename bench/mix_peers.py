"""Peers of the mix: ffmpeg with xstack and amix, and GStreamer with compositor and audiomixer."""

import shutil
import subprocess
from collections.abc import Callable

from bench.mix_case import AUDIO_KBPS, PRESET, Case

# What the pipeline of GStreamer is made of, and the Debian packages that have it.
_ELEMENTS = ("rtmp2src", "flvdemux", "avdec_h264", "compositor", "audiomixer", "x264enc", "avenc_aac", "rtmp2sink")
_PACKAGES = "gstreamer1.0-tools, gstreamer1.0-plugins-{base,good,bad,ugly}, gstreamer1.0-libav"
_INSPECT_WITHIN = 60


def gstreamer_missing() -> str:
    """Return why GStreamer cannot be a peer here, or nothing."""
    if shutil.which("gst-launch-1.0") is None:
        return f"GStreamer is not installed ({_PACKAGES})"
    for element in _ELEMENTS:
        found = subprocess.run(
            ["gst-inspect-1.0", "--exists", element], check=False, capture_output=True, timeout=_INSPECT_WITHIN
        )
        if found.returncode:
            return f"GStreamer has no {element} ({_PACKAGES})"
    return ""


def ffmpeg(case: Case, sources: list[str], target: str) -> list[str]:
    """Return the command of an ffmpeg that mixes. It looks no longer at its inputs than it must (bench/clip.py)."""
    inputs: list[str] = []
    for source in sources:
        inputs += ["-thread_queue_size", "512", "-threads", "1", "-probesize", "32k", "-i", source]
    box = case.boxes[0]
    places = "|".join(f"{each.x}_{each.y}" for each in case.boxes)
    scaled = [f"[{n}:v]scale={box.width}:{box.height}[v{n}]" for n in range(case.people)]
    videos, audios = ("".join(f"[{name.format(n)}]" for n in range(case.people)) for name in ("v{}", "{}:a"))
    graph = ";".join(
        [
            *scaled,
            f"{videos}xstack=inputs={case.people}:layout={places},pad={case.width}:{case.height}[v]",
            f"{audios}amix=inputs={case.people}:normalize=0[a]",
        ]
    )
    video = ["-c:v", "libx264", "-preset", PRESET, "-profile:v", "high", "-x264-params", case.x264_params]
    audio = ["-c:a", "aac", "-b:a", f"{AUDIO_KBPS}k", "-ar", "48000", "-ac", "2"]
    return [
        *["ffmpeg", "-nostdin", "-v", "error", *inputs, "-filter_complex_threads", "1", "-filter_complex", graph],
        *["-map", "[v]", "-map", "[a]", "-r", str(case.fps), *video, *audio, "-f", "flv", target],
    ]


def gstreamer(case: Case, sources: list[str], target: str) -> list[str]:
    """Return the command of a GStreamer pipeline that mixes."""
    pads = " ".join(
        f"sink_{n}::xpos={box.x} sink_{n}::ypos={box.y} sink_{n}::width={box.width} sink_{n}::height={box.height}"
        for n, box in enumerate(case.boxes)
    )
    picture = f"video/x-raw,format=I420,width={case.width},height={case.height},framerate={case.fps}/1"
    encoder = f"x264enc speed-preset={PRESET} bitrate={case.kbps} vbv-buf-capacity=1000 bframes=0"
    parts = [
        f"compositor name=pictures background=black start-time-selection=first {pads} ! {picture} ! queue !",
        f"{encoder} option-string={case.x264_params} ! video/x-h264,profile=high ! h264parse ! queue ! out.",
        "audiomixer name=sounds start-time-selection=first ! audioconvert !",
        f"audio/x-raw,rate=48000,channels=2 ! avenc_aac bitrate={AUDIO_KBPS * 1000} ! aacparse ! queue ! out.",
        f"flvmux name=out streamable=true ! rtmp2sink sync=false async=false location={target}",
    ]
    for n, source in enumerate(sources):
        parts += [
            f"rtmp2src location={source} ! flvdemux name=in{n}",
            f"in{n}.video ! video/x-h264 ! queue ! h264parse ! avdec_h264 max-threads=1 ! queue ! pictures.sink_{n}",
            f"in{n}.audio ! audio/mpeg ! queue ! aacparse ! avdec_aac ! audioconvert ! audioresample ! queue ! sounds.",
        ]
    return ["gst-launch-1.0", "-e", *" ".join(parts).split()]


PEERS: dict[str, Callable[[Case, list[str], str], list[str]]] = {"ffmpeg": ffmpeg, "gstreamer": gstreamer}
