"""What becomes of callbacks: stored try by try, also by two at once, and read for many events at a time."""

from tailrace.bus.bucket import PAGE
from tailrace.bus.connection import Bus
from tailrace.bus.deliveries import Deliveries, Noted
from tailrace.ids import SdkAppId
from tailrace.model.delivery import Attempt, Delivery, DeliveryState
from tests.integration.bus.conftest import Run

TAKEN = Attempt(7, 100.0, 0.1, 200)
REFUSED = Attempt(7, 99.0, 0.1, 500)


def test_each_try_is_stored(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        deliveries = Deliveries(bus)
        noted = await deliveries.tried(app, Noted(Delivery(7, 7)), REFUSED)
        await deliveries.tried(app, noted, TAKEN)

        assert await deliveries.of(app, [7]) == {7: Delivery(7, 7, DeliveryState.DELIVERED, (REFUSED, TAKEN))}

    run(scenario)


def test_two_who_try_at_the_same_time_lose_nothing_of_each_other(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        deliveries = Deliveries(bus)
        nobody = Noted(Delivery(7, 7))
        await deliveries.tried(app, nobody, REFUSED)
        noted = await deliveries.tried(app, nobody, Attempt(20, 101.0, 0.1, 200))

        assert [attempt.order for attempt in noted.delivery.attempts] == [7, 20]
        assert await deliveries.get(app, 7) == noted

    run(scenario)


def test_many_are_read_at_once_and_those_of_other_apps_are_not(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        deliveries = Deliveries(bus)
        for sequence in (1, PAGE, PAGE + 1, 3 * PAGE):
            await deliveries.tried(app, Noted(Delivery(sequence, 7)), TAKEN)
        await deliveries.tried(SdkAppId(app + 1), Noted(Delivery(2, 7)), TAKEN)

        assert sorted(await deliveries.of(app, range(1, 4 * PAGE))) == [1, PAGE, PAGE + 1, 3 * PAGE]
        assert await deliveries.of(app, [2]) == {}
        assert await deliveries.of(app, []) == {}
        assert await deliveries.get(app, 2) is None

    run(scenario)
