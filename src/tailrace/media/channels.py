"""Channels: mono and stereo are made of each other without a change of level.

FFmpeg's resampler keeps the power instead: it makes stereo of mono 3 dB quieter, and mono of stereo 3 dB louder, beyond
full scale too. There is no NumPy here, since a relay does without its 10 MB.
"""

from av.audio.frame import AudioFrame
from av.filter import Graph

_PAN = {("mono", "stereo"): "stereo|c0=c0|c1=c0", ("stereo", "mono"): "mono|c0=0.5*c0+0.5*c1"}


class Channels:
    """Feed it frames of one stream; they come back in `layout`, those of neither mono nor stereo as they are."""

    def __init__(self, layout: str) -> None:
        self._layout = layout
        self._graph: Graph | None = None
        self._form = (0, "", "")  # rate, layout and format that the graph takes

    def fit(self, frame: AudioFrame) -> AudioFrame:
        """Return the frame with the channels that are wanted; its time is not kept."""
        form = frame.sample_rate, frame.layout.name, frame.format.name
        pan = _PAN.get((frame.layout.name, self._layout))
        if pan is None:
            return frame
        if self._graph is None or form != self._form:
            self._graph, self._form = _graph(pan, *form), form
        frame.pts = None
        self._graph.push(frame)
        fitting = self._graph.pull()
        if not isinstance(fitting, AudioFrame):
            raise AssertionError("the filter gives a frame of sound for each that it takes")
        fitting.pts = None
        return fitting


def _graph(pan: str, rate_hz: int, layout: str, samples: str) -> Graph:
    graph = Graph()
    taken = graph.add(
        "abuffer", f"sample_rate={rate_hz}:sample_fmt={samples}:channel_layout={layout}:time_base=1/{rate_hz}"
    )
    graph.link_nodes(taken, graph.add("pan", pan), graph.add("abuffersink")).configure()
    return graph
