"""What stands in for pixels that nobody sees."""

import numpy as np

from overpaint.hidden import painted_over


def test_hidden_pixels_take_the_nearest_colour_that_shows() -> None:
    """Left of the middle the left colour, right of it the right one; what shows stays."""
    picture = np.full((5, 9, 3), 200, np.uint8)
    picture[:, 0], picture[:, -1] = (10, 20, 30), (40, 50, 60)
    shows = np.zeros((5, 9), np.bool_)
    shows[:, [0, -1]] = True

    painted = painted_over(picture, shows)

    assert (painted[:, :4] == (10, 20, 30)).all()
    assert (painted[:, 5:] == (40, 50, 60)).all()


def test_where_nothing_shows_all_is_grey() -> None:
    """A picture without anything to see has no colour of its own."""
    assert (painted_over(np.zeros((3, 3, 3), np.uint8), np.zeros((3, 3), np.bool_)) == 128).all()
