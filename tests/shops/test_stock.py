"""Codes come in batches, are taken for orders, put back or voided; nobody gets the same one twice."""

from shops import stock


def test_what_is_taken_and_put_back_is_for_sale_again(listing, at):
    taken = stock.take(listing, 3, at=at)
    assert stock.count_free(listing) == 7
    stock.put_back(taken)
    assert stock.count_free(listing) == 10
