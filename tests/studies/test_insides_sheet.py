import numpy as np
import pytest

from semsynth.studies.insides import Panel, Section, draw_sheet, sheet


def panel(height, width, value=9):
    return Panel(np.full((height, width, 3), value, np.uint8), 'a caption that is by far too long for a cell so narrow',
                 scale=('gray', -1, 1) if value % 2 else None)


@pytest.mark.parametrize(('size', 'cell'), [((49, 75), (196, 300)), ((64, 256), (64, 256)), ((300, 400), (300, 400)),
                                            ((1024, 2048), (256, 512)), ((512, 200), (1024, 400))])
def test_cells_are_enlarged_by_a_whole_factor_or_reduced(size, cell):
    drawn = draw_sheet('title', [Section('one', [panel(*size)] * 2)])
    gap = round(10 * cell[1] / 256)
    assert drawn.dtype == np.uint8 and drawn.shape[1] == 2 * cell[1] + 3 * gap
    inside = (drawn == 9).all(2)
    assert inside.sum() >= 2 * cell[0] * cell[1]
    rows, columns = np.flatnonzero(inside.sum(1) >= 2 * cell[1]), np.flatnonzero(inside.sum(0) >= cell[0])
    assert rows.tolist() == [*range(rows[0], rows[0] + cell[0])]
    assert columns.tolist() == [*range(gap, gap + cell[1]), *range(2 * gap + cell[1], 2 * gap + 2 * cell[1])]


@pytest.mark.parametrize(('low', 'high', 'ends'), [
    (-1.26, 2.734, ['-1.26', '2.73']), (0.49991, 0.50013, ['0.49991', '0.50013']), (3, 3, ['3.00', '3.00'])])
def test_the_ends_of_a_scale_can_be_told_apart(low, high, ends, monkeypatch):
    written = []
    monkeypatch.setattr(sheet._Sheet, '_write', lambda self, left, top, text, *more: written.append(text))
    draw_sheet('title', [Section('one', [Panel(np.zeros((8, 8, 3), np.uint8), 'x', scale=('gray', low, high))])])
    assert written[-2:] == ends


def test_sections_stand_side_by_side_as_far_as_they_fit():
    sections = [Section(name, [panel(8, 8, number)] * count) for number, (name, count) in enumerate(
        dict(a=3, b=3, c=5, d=2, e=8).items())]
    rows = sheet._arrange(sections)
    assert [[(heading, span) for heading, span, _ in row] for row in rows] == [
        [('a', 3), ('', 3), ('', 3), ('b', 3), ('', 3), ('', 3)], [('c', 5)] + [('', 5)] * 4, [('d', 2), ('', 2)],
        [('e', 6)] + [('', 6)] * 5, [('e, continued', 2), ('', 2)]]
    one, wrapped = (draw_sheet('t', sections, notes).shape for notes in ((), ['word ' * 400]))
    assert wrapped[1] == one[1] and wrapped[0] > one[0] + 19
