"""What of a payment goes where."""

from decimal import Decimal
from itertools import pairwise, permutations

from hypothesis import given, strategies as st

from confirma_async.sandbox.rules.money.amounts import ORDER, AmountByKind, allocate

SUMS = st.decimals(0, "99999.99", places=2)
CLAIMS = st.builds(
    AmountByKind, capital=st.decimals("-500.00", "99999.99", places=2), interest=SUMS, fees=SUMS
)


@given(CLAIMS, st.decimals("0.01", "99999.99", places=2), st.permutations(ORDER))
def test_every_cent_of_a_payment_goes_somewhere(claim, amount, order):
    split = allocate(claim, amount, order)
    assert split.total == amount
    assert min(split.capital, split.interest, split.fees) >= 0
    assert split.interest <= claim.interest
    assert split.fees <= claim.fees


@given(CLAIMS, st.decimals("0.01", "99999.99", places=2), st.permutations(ORDER))
def test_a_later_kind_is_paid_only_once_the_earlier_ones_are(claim, amount, order):
    split = allocate(claim, amount, order)
    for earlier, later in pairwise(order):
        if split.get(later) > 0 and later != "CAPITAL":
            assert split.get(earlier) >= claim.get(earlier)


def test_the_order_is_that_of_the_argument():
    claim = AmountByKind(capital=Decimal(3), interest=Decimal(2), fees=Decimal(1))
    first = {order: allocate(claim, Decimal(1), order) for order in permutations(ORDER)}
    assert all(split.get(order[0]) == 1 for order, split in first.items())
