"""Taking a case back is offered exactly as long as the platform has not decided."""


def test_before_the_ruling_the_buyer_may_take_the_case_back(reviewed, rich_buyer, at):
    assert "withdraw" in reviewed.refund.actions_for(rich_buyer, at)


def test_after_the_ruling_nothing_of_the_kind_is_offered(ruled, rich_buyer, at):
    ruled.refund.refresh_from_db()
    assert "withdraw" not in ruled.refund.actions_for(rich_buyer, at)
