"""What a page keeps of what it is told, however long it stays open."""

from tests.harness.browser import Looker

# Each task lives for a moment and ends; one goes on all the while.
TOLD = """(count) => import('./static/live.js').then(({ Live }) => {
  const live = new Live(() => {});
  const tell = (id, state) => live._task({ SdkAppId: 1, TaskId: id, State: state, Destinations: [{ BitRate: 1 }] });
  tell("stays", "running");
  for (let number = 0; number < count; number++) {
    tell(`${number}`, "running");
    tell(`${number}`, "ended");
  }
  return [[...live.tasks.keys()].slice(-1), live.tasks.size, live.tasks.has("1/stays"), [...live.rates.keys()]];
})"""


def test_a_page_that_is_open_for_long_forgets_tasks_that_have_ended(looker: Looker) -> None:
    last, count, stays, drawn = looker.go().evaluate(TOLD, 1000)

    assert (last, count, stays, drawn) == (["1/999"], 201, True, ["1/stays"])
