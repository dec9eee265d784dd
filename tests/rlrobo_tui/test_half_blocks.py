"""Pictures as characters."""

from rlrobo_tui.half_blocks import HALF_BLOCK, SHADES, glyph, rows_of_cells, shaded

BLACK, RED, WHITE = b"\0\0\0", b"\xff\0\0", b"\xff\xff\xff"


def test_two_rows_of_pixels_are_one_row_of_cells_with_equal_ones_joined() -> None:
    picture = RED + RED + BLACK + BLACK + BLACK + BLACK
    assert list(rows_of_cells(picture, 3)) == [[(RED + BLACK, 2), (BLACK + BLACK, 1)]]


def test_an_odd_last_row_is_left_out() -> None:
    assert len(list(rows_of_cells(BLACK * 2 * 5, 2))) == 2


def test_a_cell_of_one_colour_needs_no_block() -> None:
    assert (glyph(RED + RED), glyph(RED + BLACK)) == (" ", HALF_BLOCK)


def test_bright_cells_are_dense_characters() -> None:
    row = shaded([(BLACK + BLACK, 2), (WHITE + BLACK, 1), (WHITE + WHITE, 1)])
    assert row == SHADES[0] * 2 + SHADES[4] + SHADES[-1]
