"""Output units: the messages of a task's reel as units, for those on the bus who watch the output."""

from collections import Counter

from tailrace.errors import PeerError
from tailrace.ids import Kind
from tailrace.unit import MAX_UNIT_BYTES, Codec, Unit
from tailrace.wire import flv
from tailrace.worker.reel import Message, Opening

# The largest picture of a publisher, with SEI added, does not fit on the bus any more. 64 KiB are for set-up data.
_MAX_BODY_BYTES = MAX_UNIT_BYTES - 64 * 1024


class OutputUnits:
    """Numbers the messages of a reel, also those that nobody wants; all units are of the publishing session `session`.

    It must be shown every message, in the order in which the reel hands them over.
    """

    def __init__(self, session: int) -> None:
        self._session = session
        self._counted: Counter[Kind] = Counter()
        self._configs: dict[Kind, bytes] = {}

    def take(self, message: Message, *, wanted: bool) -> Unit | None:
        """Count the next message; return its unit if that is `wanted`, and can be sent.

        Set-up data is part of the units that it is for.
        """
        if not message.frame:
            self._configs[message.kind] = _data(message)
            return None
        sequence = self._counted[message.kind]
        self._counted[message.kind] += 1
        return self._unit(message, sequence) if wanted and len(message.body) <= _MAX_BODY_BYTES else None

    def start(self, opening: Opening) -> list[Unit]:
        """Return what somebody who comes now begins with, of the reel's opening at this moment.

        That is the group of pictures with its sound; of an output without pictures the latest sound.
        """
        frames = [message for message in opening.messages if message.frame]
        if not any(message.kind is Kind.VIDEO for message in frames):
            frames = frames[-1:]
        sequences = self._counted.copy()
        sequences.subtract(message.kind for message in frames)
        units = []
        for message in frames:
            units.append(self._unit(message, sequences[message.kind]))
            sequences[message.kind] += 1
        return units

    def _unit(self, message: Message, sequence: int) -> Unit:
        at_us = message.timestamp_ms * 1000
        config = self._configs.get(message.kind, b"")
        if message.kind is Kind.AUDIO:
            return Unit(Codec.AAC, self._session, sequence, at_us, at_us, True, config, _data(message))
        body = _picture(message)
        shown_us = at_us + body.composition_ms * 1000
        config = config if body.key else b""
        return Unit(Codec.H264, self._session, sequence, shown_us, at_us, body.key, config, body.data)


def _data(message: Message) -> bytes:
    return flv.parse_audio(message.body).data if message.kind is Kind.AUDIO else _picture(message).data


def _picture(message: Message) -> flv.VideoBody:
    if (body := flv.parse_video(message.body)) is None:
        raise PeerError("a message of the reel without a picture")
    return body
