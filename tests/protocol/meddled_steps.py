"""The protocol's steps with something changed on the way between them and whoever performs them."""

from collections.abc import Callable

from streaming.protocol import actions as a


def meddled(
    steps: a.Steps,
    change: Callable[[a.Action], a.Action] = lambda action: action,
    forgive: tuple[type[Exception], ...] = (),
) -> a.Steps:
    """The same steps with actions changed on their way out, and some errors answered as if all were well."""
    go_on, value = steps.send, None
    while True:
        try:
            action = go_on(value)
        except StopIteration as stop:
            return stop.value
        try:
            value, go_on = (yield change(action)), steps.send
        except forgive:
            value, go_on = None, steps.send
        except Exception as error:
            value, go_on = error, steps.throw
