"""Intake: the media messages of one RTMP publisher become units, or are refused."""

import logging

from tailrace.errors import PeerError
from tailrace.unit import MAX_UNIT_BYTES, Codec, Unit
from tailrace.wire import aac, flv, h264

_log = logging.getLogger(__name__)

# Audio and video of one publisher are interleaved within about a second, and encoders send at least a sound frame each
# 100 ms. A step of more than 10 s is therefore no media but a restarted clock or garbage.
LARGEST_STEP_MS = 10_000
# So that a publisher whose clock jumps with each message does not fill the log.
_MOST_JUMPS_LOGGED = 5
# Ten years: a clock that starts anywhere in 32 bits (49.7 days) and runs on does not get there, one that is jumped on
# purpose does; and microseconds of it still fit into the 64 bits of a unit's times.
_MAX_CLOCK_MS = 10 * 366 * 86_400_000
# Real set-up data has 20 to 200 bytes; scaling matrices make some hundred more. A unit has room for 65535.
_MAX_CONFIG_BYTES = 4096
# What a unit needs besides its payload and set-up data.
_MAX_PAYLOAD_BYTES = MAX_UNIT_BYTES - _MAX_CONFIG_BYTES - 64


class Intake:
    """Makes units of the publisher's messages. Times are milliseconds, un-wrapped beyond RTMP's 32 bits.

    `sps` and `audio_config` say what is published, once it is known, and `setups` how often that has changed; `jumps`
    counts the clock's.
    """

    def __init__(self, session: int) -> None:
        self.sps: h264.Sps | None = None
        self.audio_config: aac.AudioConfig | None = None
        self.setups = 0
        self.jumps = 0
        self._clock_ms: int | None = None
        self._session = session
        self._video_setup = b""  # as it came, to know a repeated one
        self._video_config = b""
        self._length_size = h264.LENGTH_SIZE
        self._video_started = False
        self._video_sequence = 0
        self._last_dts_ms = self._last_pts_ms = 0
        self._audio_setup = b""
        self._audio_sequence = 0

    def video(self, dts_ms: int, message: bytes) -> Unit | None:
        """Return the unit of a video message; None for set-up data, and for pictures that nobody could decode.

        Raises PeerError on another codec than H.264, on B-frames, and on broken data.
        """
        # Some encoders end or pause a track with an empty message.
        body = flv.parse_video(message) if message else None
        if body is None or body.packet is flv.AvcPacket.END:
            return None
        if body.packet is flv.AvcPacket.CONFIG:
            self._set_up_video(body.data)
            return None
        if not body.data or not self._video_config or not (self._video_started or body.key):
            return None
        self._watch_clock(dts_ms)
        if len(body.data) > _MAX_PAYLOAD_BYTES:
            raise PeerError(f"picture of {len(body.data)} bytes; lower the bit rate")
        payload = h264.with_four_byte_lengths(body.data, self._length_size)
        pts_ms = dts_ms + body.composition_ms
        # RTC players cannot show B-frames, and TRTC drops a connection that brings them (spec/05 section 3.1). They
        # are told by their effect: a picture that is shown before one that came earlier. A composition time other
        # than 0 alone does not tell: encoders with a constant delay write one for pictures in plain order. Where dts
        # goes back as well it is the clock that was set back, not the order of the pictures.
        if self._video_started and pts_ms < self._last_pts_ms and dts_ms >= self._last_dts_ms:
            raise PeerError("B-frames are not supported in rooms; publish without them (baseline profile, -bf 0)")
        self._video_started = True
        self._last_dts_ms, self._last_pts_ms = dts_ms, pts_ms
        sequence = self._video_sequence
        self._video_sequence = sequence + 1
        config = self._video_config if body.key else b""
        return Unit(Codec.H264, self._session, sequence, pts_ms * 1000, dts_ms * 1000, body.key, config, payload)

    def audio(self, pts_ms: int, message: bytes) -> Unit | None:
        """Return the unit of an audio message; None for set-up data and before it. Raises PeerError as `video` does."""
        if not message:
            return None
        body = flv.parse_audio(message)
        if body.config:
            self._set_up_audio(body.data)
            return None
        if not body.data or not self._audio_setup:
            return None
        self._watch_clock(pts_ms)
        if len(body.data) > _MAX_PAYLOAD_BYTES:
            raise PeerError(f"sound frame of {len(body.data)} bytes")
        sequence, pts_us = self._audio_sequence, pts_ms * 1000
        self._audio_sequence = sequence + 1
        return Unit(Codec.AAC, self._session, sequence, pts_us, pts_us, True, self._audio_setup, body.data)

    def _watch_clock(self, now_ms: int) -> None:
        """Report a jump, and pass it on: a relay's timeline closes it. One clock for both tracks, they share it.

        Only media is watched: encoders write any time at all, often 0, on set-up data.
        """
        last_ms, self._clock_ms = self._clock_ms, now_ms
        if last_ms is not None and not -LARGEST_STEP_MS <= now_ms - last_ms <= LARGEST_STEP_MS:
            self.jumps += 1
            if self.jumps <= _MOST_JUMPS_LOGGED:
                _log.warning("publisher's clock jumped", extra={"step_ms": now_ms - last_ms})
        if not -_MAX_CLOCK_MS <= now_ms <= _MAX_CLOCK_MS:
            raise PeerError("timestamps jump about; restart the encoder")

    def _set_up_video(self, data: bytes) -> None:
        if data == self._video_setup:
            return
        if len(data) > _MAX_CONFIG_BYTES:
            raise PeerError(f"H.264 set-up data of {len(data)} bytes")
        config = h264.parse_config(data)
        self.sps = h264.parse_sps(config.sps[0])
        self._length_size = config.length_size
        self._video_config = config.with_length_size(h264.LENGTH_SIZE).encode()
        self._video_setup = data
        self.setups += 1
        # Pictures up to the next key frame belong to neither set-up.
        self._video_started = False

    def _set_up_audio(self, data: bytes) -> None:
        if data == self._audio_setup:
            return
        if len(data) > _MAX_CONFIG_BYTES:
            raise PeerError(f"AAC set-up data of {len(data)} bytes")
        self.audio_config = aac.parse_config(data)
        self._audio_setup = data
        self.setups += 1
