"""PictureEncoder: pictures to H.264 with x264, in the form in which RTMP carries it."""

from dataclasses import dataclass
from fractions import Fraction

from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from tailrace.model.encoding import EncoderSettings
from tailrace.model.mix import VideoEncoding
from tailrace.wire import h264
from tailrace.wire.h264 import NalType

# x264 writes lengths instead of start codes, so nothing has to be converted; and FFmpeg then makes `extradata` an
# AVCDecoderConfigurationRecord (libx264.c, set_avcc_extradata).
_LENGTH_PREFIXED = ("annexb", "0")
_GLOBAL_HEADER = 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER: SPS and PPS out of band only


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """One access unit, 4-byte lengths, slices only. `number` is the one that its frame had."""

    number: int
    key: bool
    payload: bytes


class PictureEncoder:
    """Feed it frames in order. With one thread each call gives back the picture of its own frame."""

    def __init__(self, encoding: VideoEncoding, settings: EncoderSettings) -> None:
        self._encoder = _open(encoding, settings)
        self._config = bytes(self._encoder.extradata or b"")
        self._begun = False

    @property
    def config(self) -> bytes:
        """The AVCDecoderConfigurationRecord of all pictures."""
        return self._config

    def encode(self, frame: VideoFrame, number: int, key: bool = False) -> list[EncodedPicture]:
        """Return the pictures that are ready: with n threads, that of the frame n - 1 before this one.

        `frame` is yuv420p of the output's size. Its memory is free again on return, with any number of threads: x264
        copies the picture before it starts (x264_frame_copy_picture). `number` rises; it may leave gaps, which the rate
        control does not see. `key` makes a key frame, from which the next group of pictures counts.
        """
        frame.pts = number
        frame.time_base = self._encoder.time_base
        frame.pict_type = PictureType.I if key else PictureType.NONE
        return self._pictures(frame)

    def flush(self) -> list[EncodedPicture]:
        """Return what is still inside, none with one thread. Nothing can be encoded afterwards."""
        return self._pictures(None)

    def _pictures(self, frame: VideoFrame | None) -> list[EncodedPicture]:
        pictures = []
        for packet in self._encoder.encode(frame):
            payload = bytes(packet)
            if not self._begun:
                # x264's text about itself, 600 bytes, comes with the first picture and is of no use to anybody.
                payload = h264.join(unit for unit in h264.nal_units(payload) if unit[0] & 31 != NalType.SEI)
                self._begun = True
            pictures.append(EncodedPicture(packet.pts or 0, packet.is_keyframe, payload))
        return pictures


def _open(encoding: VideoEncoding, settings: EncoderSettings) -> VideoCodecContext:
    encoder = VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = encoding.width, encoding.height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, encoding.fps), Fraction(encoding.fps)
    encoder.flags |= _GLOBAL_HEADER
    encoder.thread_count = settings.threads
    encoder.options = {
        "preset": settings.preset,
        "profile": "high",
        "forced-idr": "1",
        "x264-params": ":".join(f"{name}={value}" for name, value in (*settings.options, _LENGTH_PREFIXED)),
    }
    encoder.open()
    return encoder
