"""The bound on what a query may bill: as given, and named where it is met."""

import polars as pl
import pytest
from google.api_core.exceptions import BadRequest, Forbidden

from assets.payments.pages import MAX_GIB, TooManyBytes, pages
from streaming.ports import AccessDenied, Refused

pytestmark = pytest.mark.integration  # Google's packages, which take a second to import

SCHEMA = {"n": pl.Int64}
DEAR = BadRequest("Query exceeded limit for bytes billed: 1", errors=[{"reason": "bytesBilledLimitExceeded"}])


class Client:
    """Google's client, which refuses where the answer is asked for."""

    def __init__(self, raised=None):
        self.raised, self.limits, self.pages = raised, [], []

    def query(self, sql, job_config=None, **_):
        self.limits.append(job_config.maximum_bytes_billed)
        return self

    def result(self, **_):
        if self.raised:
            raise self.raised
        return self


def test_a_query_is_bounded_by_what_its_run_may_bill():
    client = Client()
    assert list(pages(client, "SELECT 1", SCHEMA, 10)) == list(pages(client, "SELECT 1", SCHEMA, 10, 640)) == []
    assert client.limits == [MAX_GIB * 2**30, 640 * 2**30]


def test_the_bound_that_was_met_is_named():
    with pytest.raises(TooManyBytes, match="more than 7 GiB, which is the limit of this run: raise max_gib") as caught:
        list(pages(Client(DEAR), "SELECT 1", SCHEMA, 10, 7))
    assert "\n" not in str(caught.value)


def test_another_refusal_is_one_of_the_warehouses():
    with pytest.raises(AccessDenied, match="read landing rows: Access Denied"):
        list(pages(Client(Forbidden("Access Denied")), "SELECT 1", SCHEMA, 10))


def test_one_while_pages_are_read_as_well():
    client = Client()
    client.pages = later(BadRequest("Could not cast 'coffees' to INT64"))
    with pytest.raises(Refused, match=r"read landing rows: Could not cast \(quoted\) to INT64") as caught:
        list(pages(client, "SELECT 1", SCHEMA, 10))
    assert caught.value.__cause__ is None


def later(error):
    """Pages of which the first cannot be read."""
    raise error
    yield
