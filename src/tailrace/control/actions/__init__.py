"""One module per API action, and the table of them."""

from tailrace.control.actions.describe_publish_cdn_stream import describe_publish_cdn_stream
from tailrace.control.actions.describe_publish_cdn_stream_events import describe_publish_cdn_stream_events
from tailrace.control.actions.replay_publish_cdn_stream_events import replay_publish_cdn_stream_events
from tailrace.control.actions.start_publish_cdn_stream import start_publish_cdn_stream
from tailrace.control.actions.stop_publish_cdn_stream import stop_publish_cdn_stream
from tailrace.control.actions.update_publish_cdn_stream import update_publish_cdn_stream

ACTIONS = {
    action.name: action
    for action in (
        start_publish_cdn_stream,
        update_publish_cdn_stream,
        stop_publish_cdn_stream,
        describe_publish_cdn_stream,
        describe_publish_cdn_stream_events,
        replay_publish_cdn_stream_events,
    )
}
