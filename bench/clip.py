"""Clip: what everybody relays: 1280x720 at 30 pictures a second, 1.5 Mbit/s of H.264, with AAC at 48 kHz."""

import subprocess
from pathlib import Path

PICTURES_PER_SECOND = 30
GOP_SECONDS = 2
VIDEO_KBPS = 1500
AUDIO_KBPS = 128
# Made once, before anything is measured.
_MAKE_WITHIN = 180.0

# The mandelbrot is a picture that fills its bit rate; x264 veryfast is what OBS and most encoders send.
_PICTURE = f"testsrc2=size=1280x720:rate={PICTURES_PER_SECOND},noise=alls=12:allf=t"
# Something like a voice: harmonics that swell and waver over a little pink noise. A single tone is what nobody sends,
# and costs FFmpeg's "fast" quantiser, ours, twice what film sound does.
_SOUND = (
    "aevalsrc=s=48000:exprs='"
    "0.18*sin(2*PI*165*t)*(1+0.6*sin(2*PI*3.1*t))+0.12*sin(2*PI*330*t+1.2*sin(2*PI*5*t))"
    "+0.08*sin(2*PI*1240*t)*(1+sin(2*PI*2.3*t))+0.05*sin(2*PI*2890*t)*(1+sin(2*PI*4.7*t))'[voice];"
    "anoisesrc=color=pink:amplitude=0.06:sample_rate=48000:seed=1[noise];[voice][noise]amix=inputs=2:normalize=0"
)


def make(path: Path, seconds: int) -> Path:
    """Encode the clip as FLV, of whole groups of pictures so that it can be played in a loop, and return `path`."""
    gop = PICTURES_PER_SECOND * GOP_SECONDS
    video = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "0", "-b:v", f"{VIDEO_KBPS}k"]
    video += ["-maxrate", f"{VIDEO_KBPS}k", "-bufsize", f"{2 * VIDEO_KBPS}k", "-g", str(gop), "-keyint_min", str(gop)]
    video += ["-sc_threshold", "0"]
    audio = ["-c:a", "aac", "-ac", "2", "-b:a", f"{AUDIO_KBPS}k"]
    inputs = ["-f", "lavfi", "-i", _PICTURE, "-f", "lavfi", "-i", _SOUND]
    command = ["ffmpeg", "-nostdin", "-v", "error", *inputs, "-t", str(seconds), *video, *audio, "-f", "flv", str(path)]
    subprocess.run(command, check=True, timeout=_MAKE_WITHIN)
    return path


def feed(path: Path, urls: list[str]) -> list[str]:
    """Return the command of one ffmpeg that plays the clip in a loop, as fast as real time, to all of `urls`."""
    outputs = [part for url in urls for part in ("-c", "copy", "-f", "flv", url)]
    return ["ffmpeg", "-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", str(path), *outputs]


def relay(
    source: str, target: str, *, before: tuple[str, ...] = (), codecs: tuple[str, ...] = ("-c", "copy")
) -> list[str]:
    """Return the command of the peer: an ffmpeg that pulls from one server and pushes to another one."""
    return ["ffmpeg", "-nostdin", "-v", "error", *before, "-i", source, *codecs, "-f", "flv", target]


COPY = ("-c", "copy")
AAC = ("-c:v", "copy", "-c:a", "aac", "-b:a", "64k")
# With the quantiser that our own encoder uses at this bit rate (media/audio.py).
FAST_AAC = (*AAC, "-aac_coder", "fast")
# The fastest start that ffmpeg was found to have. It looks at less before it relays; with an -analyzeduration that cuts
# it any shorter it does not see the pictures and relays sound alone, and -fflags nobuffer throws away what was looked
# at, the key frame with it, which made the start 2 s later.
TUNED = ("-probesize", "32k")
