"""One control server whose accounts have keys of their own, and a page where the owner of two apps is signed in."""

from collections.abc import Iterator

import pytest

from tailrace.config import Account, App, Config, Key, Limits, Listen, Rooms
from tailrace.secret import Secret
from tests.harness.console_page import ConsolePage
from tests.harness.nats import nats_server_in
from tests.integration.control.running import APP, FOREIGN_APP, OTHER_APP, Control, control

OWNER_KEY, STOP_KEY, STRANGER_KEY = "the-key-of-the-owner", "the-key-that-may-only-stop", "the-key-of-a-stranger"
APP_KEY = Secret("the-key-of-the-app")
CONFIG = Config(
    listen=Listen(http=0),
    account=(
        Account(
            app_id=1250000000,
            secret_id="AKIDowner",
            secret_key=Secret(OWNER_KEY),
            second_key=Key(
                secret_id="AKIDstop", secret_key=Secret(STOP_KEY), actions=("trtc:Stop*",), sdk_app_ids=(APP,)
            ),
        ),
        Account(app_id=1250000003, secret_id="AKIDstranger", secret_key=Secret(STRANGER_KEY)),
    ),
    app=(
        App(sdk_app_id=APP, account=1250000000, key=APP_KEY),
        App(sdk_app_id=OTHER_APP, account=1250000000, key=APP_KEY),
        App(sdk_app_id=FOREIGN_APP, account=1250000003, key=APP_KEY),
    ),
    limits=Limits(requests_per_second=0),
    # Those whom tests announce have no heartbeat. They are to stay until all are there, on a busy machine, too.
    rooms=Rooms(lost_after=90),
)


@pytest.fixture(scope="package")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secret]:
    """The address of a nats-server that nobody else takes work from."""
    with nats_server_in(tmp_path_factory.mktemp("console-bus")) as server:
        yield server.url


@pytest.fixture(scope="package")
def api(nats_url: Secret) -> Iterator[Control]:
    """A control server."""
    with control(nats_url, CONFIG) as running:
        yield running


@pytest.fixture
def page(api: Control) -> Iterator[ConsolePage]:
    """A page where nobody is signed in."""
    with ConsolePage(f"http://{api.address}") as opened:
        yield opened


@pytest.fixture
def owner(page: ConsolePage) -> ConsolePage:
    """A page where the owner of APP and OTHER_APP is signed in."""
    assert page.sign_in("AKIDowner", OWNER_KEY).status_code == 200
    return page
