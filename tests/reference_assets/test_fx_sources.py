"""The feed is read from a real socket; what does not answer is replaced, what answers nonsense is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest
from fx_days import FRIDAY, MONDAY, USUAL, cube, document, rates

from assets.fx.ecb import RatesUnreadable
from assets.fx.source import Fetched, bundled, bundled_until, feed

OTHER = rates({FRIDAY: {"USD": "1.5"}})


def otherwise(first, last) -> Fetched:
    return Fetched(OTHER)


@contextmanager
def served(body: bytes, status: int = 200, hold: Event | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if hold:
                hold.wait(10)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/eurofxref-hist-90d.xml"
    finally:
        if hold:
            hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_feed_gives_the_days_asked_for():
    with served(document(cube(MONDAY, **USUAL), cube(FRIDAY, **USUAL))) as url:
        fetched = feed(url, otherwise)(MONDAY, MONDAY)
    assert fetched.rates.equals(rates({MONDAY: USUAL}).sort("currency"))
    assert fetched.note == ""


def test_a_feed_that_refuses_is_replaced_with_a_reason():
    with served(b"", 503) as url:
        fetched = feed(url, otherwise)(FRIDAY, FRIDAY)
    assert fetched.rates.equals(OTHER)
    assert fetched.note == "the ECB's feed does not answer (Service Unavailable): bundled history instead"


def test_a_feed_that_is_not_there_is_replaced():
    with served(b"") as url:
        pass
    assert "Connection refused" in feed(url, otherwise)(FRIDAY, FRIDAY).note


def test_a_feed_that_keeps_silent_is_replaced_in_time():
    with served(b"", hold=Event()) as url:
        assert "timed out" in feed(url, otherwise, 0.1)(FRIDAY, FRIDAY).note


def test_a_feed_that_lacks_the_days_is_replaced():
    with served(document(cube(MONDAY, **USUAL))) as url:
        fetched = feed(url, otherwise)(FRIDAY, FRIDAY)
    assert fetched.note == "the ECB's feed has no rates of 2026-11-20 to 2026-11-20: bundled history instead"


def test_a_feed_that_answers_nonsense_is_not_hidden():
    with served(b"<html>maintenance</html>") as url, pytest.raises(RatesUnreadable):
        feed(url, otherwise)(FRIDAY, FRIDAY)


def test_a_feed_without_an_end_is_cut_off(monkeypatch):
    monkeypatch.setattr("assets.fx.source.MAX_FEED_BYTES", 10)
    with served(document(cube(MONDAY, **USUAL))) as url, pytest.raises(RatesUnreadable, match="more than 10 bytes"):
        feed(url, otherwise)(MONDAY, MONDAY)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/x", "", "eurofxref.xml"])
def test_only_http_addresses_are_opened(url):
    with pytest.raises(ValueError, match="must begin with https://"):
        feed(url)


def test_the_bundled_history_is_the_ecbs_to_the_digit_and_says_so():
    from datetime import date
    from decimal import Decimal

    fetched = bundled(date(2026, 10, 30), date(2026, 10, 30))
    assert fetched.rates.filter(currency="USD").rows() == [
        (date(2026, 10, 30), "USD", Decimal("1.1172"), "ecb-bundled")
    ]
    assert bundled(date(2026, 10, 31), date(2026, 11, 1)).rates.is_empty()


def test_the_bundled_history_says_that_it_has_ended_and_what_to_set():
    ends = bundled_until()
    assert not bundled(ends, ends).rates.is_empty()
    assert bundled(ends, ends).note == ""
    after = bundled(ends + timedelta(days=1), ends + timedelta(days=3))
    assert after.rates.is_empty()
    assert after.note == f"the bundled history ended on {ends}: set TIDEMARK_FX_FEED to the ECB's feed"
