"""The robot that enters the room for a task."""

from typing import Annotated

from pydantic import Field

from tailrace.control.params.who import User
from tailrace.control.params.wire import SecretText, Wire


class AgentParams(Wire):
    """`max_idle_time` is in seconds."""

    user_id: User
    user_sig: SecretText | None = None
    max_idle_time: Annotated[int, Field(ge=5, le=86400)] = 30
