"""One running control server for the tests that only talk to it."""

from collections.abc import Iterator

import pytest

from tailrace.secret import Secret
from tests.integration.control.running import Control, control


@pytest.fixture(scope="package")
def api(nats_url: Secret) -> Iterator[Control]:
    """A control server with the usual configuration."""
    with control(nats_url) as running:
        yield running
