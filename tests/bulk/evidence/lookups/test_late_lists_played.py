"""Many lost answers against lists that are late in several ways."""

import late_lists
import pytest

from confirma_async.bulk.models import Unknown


@pytest.mark.parametrize("late", late_lists.LATE.values(), ids=list(late_lists.LATE))
def test_no_list_that_is_late_and_in_order_doubles_or_loses_anything(late):
    played = late_lists.play(late=late, ordered=True, lost=60)
    print(played)  # noqa: T201 (the share that is settled without a person)
    assert played["lost answers"] > 30
    assert (played["doubled"], played["reported accepted, not there"]) == (0, 0)
    assert played["settled"][-1] == 1.0


def test_time_alone_doubles_what_a_late_list_does_not_show_yet():
    """Why the docs name it: time is no proof."""
    by_time = late_lists.play(late=300.0, ordered=True, lost=60, on_unknown=Unknown.RESEND)
    assert by_time["doubled"]
