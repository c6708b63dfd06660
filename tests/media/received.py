"""Received: what a CDN got, decoded: pictures with what they show, sound with its pitch, times that can be judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

from tailrace.wire import aac
from tailrace.wire.flv import AvcPacket, Reader, TagType, VideoBody, parse_audio, parse_video
from tests.media.encoded import pitch
from tests.media.film import Seen, see

Message = tuple[int, bytes]
# A beep is heard where the sound is louder than this; it has half of full scale, coding noise a hundredth.
LOUD = 0.1
# A beep is one when this much silence was before it.
SILENCE_SECONDS = 0.3
# Seconds; shorter ones were cut at the start or the end of what was received, and say little about their pitch.
WHOLE_BEEP = 0.1


@dataclass(frozen=True, slots=True)
class Sound:
    """Decoded sound as mono pieces, each with the time in seconds when it is due."""

    rate_hz: int
    channels: int
    pieces: list[tuple[float, np.ndarray]]

    def beeps(self) -> list[float]:
        """Return where beeps begin, in seconds; one that was there from the start does not count."""
        loud = [start + np.flatnonzero(np.abs(wave) > LOUD) / self.rate_hz for start, wave in self.pieces]
        times = np.concatenate([[self.pieces[0][0]], *loud])
        return [float(begin) for begin in times[1:][np.diff(times) > SILENCE_SECONDS]]

    def pitches(self) -> list[float]:
        """Return the frequency in hertz of each whole beep."""
        wave = np.concatenate([wave for _, wave in self.pieces])
        loud = np.flatnonzero(np.abs(wave) > LOUD)
        beeps = np.split(loud, np.flatnonzero(np.diff(loud) > SILENCE_SECONDS * self.rate_hz) + 1)
        return [pitch(wave[b[0] : b[-1]], self.rate_hz) for b in beeps if b[-1] - b[0] > WHOLE_BEEP * self.rate_hz]


class Received:
    """FLV tag bodies with their times in milliseconds, one list for each track, in the order of their coming."""

    def __init__(self, video: Sequence[Message], audio: Sequence[Message]) -> None:
        self.video = list(video)
        self.audio = list(audio)

    @classmethod
    def of_flv(cls, file: Path) -> "Received":
        """Read a recorded FLV file; an end in the middle of a tag is fine."""
        tags = Reader().receive(file.read_bytes())
        video = [(tag.timestamp_ms, tag.body) for tag in tags if tag.type is TagType.VIDEO]
        return cls(video, [(tag.timestamp_ms, tag.body) for tag in tags if tag.type is TagType.AUDIO])

    @cached_property
    def video_bodies(self) -> list[tuple[int, VideoBody]]:
        """The parsed video messages, set-up data too."""
        parsed = [(at, parse_video(body)) for at, body in self.video]
        return [(at, body) for at, body in parsed if body is not None]

    @property
    def frames(self) -> list[tuple[int, VideoBody]]:
        """Those that are pictures."""
        return [(at, body) for at, body in self.video_bodies if body.packet is AvcPacket.UNITS]

    @property
    def sound_times(self) -> list[int]:
        """When each piece of sound is due."""
        return [at for at, body in self.audio if (parsed := parse_audio(body)) and not parsed.config]

    def pictures(self) -> list[tuple[float, Seen]]:
        """Decode the pictures; times in seconds."""
        decoder = av.CodecContext.create("h264", "r")
        seen: list[tuple[float, Seen]] = []
        for at, body in self.video_bodies:
            if body.packet is AvcPacket.CONFIG:
                decoder = av.CodecContext.create("h264", "r")
                decoder.extradata = body.data
                # One picture in, one out: several threads would hold some back.
                decoder.thread_count = 1
            elif body.packet is AvcPacket.UNITS:
                packet = av.Packet(body.data)
                packet.pts = at + body.composition_ms
                seen += [((frame.pts or 0) / 1000, see(frame)) for frame in decoder.decode(packet)]
        return seen

    def sound(self) -> Sound:
        """Decode the sound. Several set-up data, of several connections, must say the same."""
        bodies = [(at, body) for at, raw in self.audio if (body := parse_audio(raw)) is not None]
        (config,) = {body.data for _, body in bodies if body.config}
        decoder = av.CodecContext.create("aac", "r")
        decoder.extradata = config
        pieces: list[tuple[float, np.ndarray]] = []
        for at, body in bodies:
            if not body.config:
                pieces += [
                    (at / 1000, frame.to_ndarray().mean(axis=0)) for frame in decoder.decode(av.Packet(body.data))
                ]
        return Sound(decoder.sample_rate, aac.parse_config(config).channels, pieces)

    def flashes(self) -> list[float]:
        """Return when flashes begin, in seconds; one that was there from the start does not count."""
        seen = self.pictures()
        return [at for (_, before), (at, now) in pairwise(seen) if now.flash and not before.flash]


def rises(times: Sequence[int]) -> bool:
    """Whether each time is later than the one before."""
    return all(later > earlier for earlier, later in pairwise(times))


def largest_step(times: Sequence[int]) -> int:
    """Return the longest pause between two neighbours, in milliseconds."""
    return max((later - earlier for earlier, later in pairwise(times)), default=0)


def numbers_follow(seen: Sequence[tuple[float, Seen]], film_pictures: int) -> bool:
    """Whether no picture of the film, which may be played again and again, is missing or out of its place."""
    numbers = [picture.number for _, picture in seen]
    return all((before + 1) % film_pictures == now for before, now in pairwise(numbers))
