"""The producer process takes its order on stdin, so that no key is on a command line, and says what it does."""

import json

from sandbox.demo.producing import Order

ORDER = Order("127.0.0.1:9092", "payments", "k" * 32, 500.0, 30.0, 7, 0.001, 0.002, 0.003)


def test_an_order_is_one_line_in_the_words_of_produce():
    line = ORDER.line()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "bootstrap": "127.0.0.1:9092",
        "topic": "payments",
        "mac_key": "k" * 32,
        "rate": 500.0,
        "seconds": 30.0,
        "seed": 7,
        "mix": {"bad": 0.001, "duplicates": 0.002, "late": 0.003},
    }
