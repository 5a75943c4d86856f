import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from semsynth.arguments import check_arguments, check_value
from semsynth.registry import DATASETS, GENERATORS, HEADS, LOSSES


@pytest.mark.parametrize(('name', 'value', 'annotation'), [
    ('base_channels', 1, int), ('num_blocks', 0, int), ('num_blocks', np.int64(3), int), ('seed', None, int | None),
    ('weight', -1, float), ('weight', 2, float), ('lr', 0.0, float), ('temperature', 1e-9, float),
    ('dropout', 1, float), ('compiled', True, bool), ('norm', 'batch', str), ('styles', Path('a'), str | Path),
    ('image_size', [64, 128], tuple[int, int]), ('scale', (None, 64), tuple[int | None, int | None]),
    ('widths', np.array([3, 4]), Sequence[int]), ('widths', (), tuple[int, ...]), ('views', dict(image=-1.5),
     dict[str, float]), ('losses', dict(a=None, b={}), dict[str, dict | None]), ('id_map', {7: 0}, Mapping[int, int]),
    ('interval', -1, int | Literal[-1]), ('other', object(), Any)])
def test_what_fits(name, value, annotation):
    check_value('Part', name, value, annotation)


@pytest.mark.parametrize(('name', 'value', 'annotation', 'expected'), [
    ('base_channels', 0, int, 'a whole number from 1 on'), ('num_blocks', -1, int, 'a whole number from 0 on'),
    ('num_blocks', 1.0, int, 'a whole number from 0 on'), ('num_blocks', True, int, 'a whole number from 0 on'),
    ('num_blocks', '3', int, 'a whole number from 0 on'), ('num_blocks', None, int, 'a whole number from 0 on'),
    ('seed', 2**32, int | None, 'a whole number from 0 to 4294967295 or None'),
    ('weight', math.nan, float, 'a number'),
    ('weight', math.inf, float, 'a number'), ('weight', 'x', float, 'a number'),
    ('temperature', 0, float, 'a number above 0'), ('init_gain', 0.0, float, 'a number above 0'),
    ('dropout', 1.5, float, 'a number from 0 to 1'),
    ('compiled', 1, bool, 'True or False'), ('norm', 3, str, 'text'), ('styles', 3, str | Path | None, 'text or None'),
    ('image_size', 64, tuple[int, int], '2 whole numbers from 1 on'),
    ('image_size', (1, 2, 3), tuple[int, int], '2 whole numbers from 1 on'),
    ('widths', (4, 'a'), Sequence[int], 'a list of whole numbers from 1 on'),
    ('frozen', 'a', Sequence[str], 'a list of text'), ('views', 3, dict[str, float], 'a dict of numbers'),
    ('id_map', {'7': 0}, Mapping[int, int], 'a dict from whole numbers to whole numbers'),
    ('losses', 3, dict[str, dict | None], 'a dict of dicts or None'), ('head', 'RGBHead', dict, 'a dict'),
    ('interval', 0, int | Literal[-1], 'a whole number from 1 on or -1'),
    ('optim_wrapper.lr', -1, float, 'a number from 0 on')])
def test_what_does_not(name, value, annotation, expected):
    with pytest.raises(ValueError) as caught:
        check_value('Part', name, value, annotation)
    assert str(caught.value) == f'Part: {name}={value!r}, expected {expected}.'


def test_the_innermost_entry_is_named():
    with pytest.raises(ValueError, match=r"^Part: losses\.x=3, expected a dict or None\.$"):
        check_value('Part', 'losses', dict(a=None, x=3), dict[str, dict | None] | None)
    with pytest.raises(ValueError, match=r"^Part: views\.image='x', expected a number\.$"):
        check_value('Part', 'views', dict(edge=-1, image='x'), dict[str, float])


def test_long_values_are_cut():
    with pytest.raises(ValueError) as caught:
        check_value('Part', 'lr', 'x' * 10_000, float)
    assert len(str(caught.value)) < 200


class Base:
    def __init__(self, width: int, scale: float = 1.0):
        self.got = width, scale

    __init__.__module__ = 'semsynth.parts'  # whose numbers have ranges


@check_arguments
class Derived(Base):
    """Its arguments and the base's."""

    def __init__(self, depth: 'int', *, name: 'Unknown' = 'a', count: 'int' = None, **kwargs):  # noqa: F821, RUF013
        super().__init__(**kwargs)
        self.depth, self.name, self.count = depth, name, count

    __init__.__module__ = 'semsynth.parts'


def test_a_class_checks_what_it_is_built_with():
    part = Derived(2, width=3, name=7, count=None)
    assert (part.got, part.depth, part.name) == ((3, 1.0), 2, 7)
    assert Derived.__doc__ == 'Its arguments and the base\'s.'
    with pytest.raises(ValueError, match=r"^Derived: depth=-1, expected a whole number from 0 on\.$"):
        Derived(-1, width=3)
    with pytest.raises(ValueError, match=r"^Derived: width='x', expected a whole number from 0 on\.$"):
        Derived(depth=1, width='x')
    with pytest.raises(TypeError, match=r"^Derived has no argument 'widht': did you mean width\?$"):
        Derived(1, widht=3)
    with pytest.raises(TypeError, match=r"^Derived: missing a required argument: 'depth'\.$"):
        Derived(width=3)


def test_subclasses_that_are_not_registered_are_named():
    class Further(Derived):
        pass

    with pytest.raises(ValueError, match=r'^Further: depth='):
        Further(-1, width=3)


def test_numbers_of_a_plugin_mean_what_it_says():
    @check_arguments
    class Plugin:
        def __init__(self, shift: float = -1.0, scale: float = 0.5, order: int = 0):
            self.got = shift, scale, order

    assert Plugin(shift=-2, scale=-0.25, order=-1).got == (-2, -0.25, -1)
    with pytest.raises(ValueError, match=r"^Plugin: shift='x', expected a number\.$"):
        Plugin(shift='x')


def test_what_takes_anything_takes_any_name():
    @check_arguments
    class Open:
        def __init__(self, **others):
            self.others = others

    assert Open(anything=-3).others == dict(anything=-3)


@pytest.mark.parametrize(('build', 'message'), [
    (lambda: GENERATORS.build(dict(type='GlobalGenerator', in_channels=3, base_channels=0)),
     'GlobalGenerator: base_channels=0, expected a whole number from 1 on'),
    (lambda: HEADS.build(dict(type='RGBHead', in_channels=2, kernel=3)),
     "RGBHead has no argument 'kernel': did you mean kernel_size"),
    (lambda: LOSSES.build(dict(type='HingeLoss', views=3)), 'HingeLoss: views=3, expected a dict of numbers or None'),
    (lambda: DATASETS.build(dict(type='CityscapesDataset', data_root='a', split='train', raw_channels='1')),
     "CityscapesDataset: raw_channels='1', expected a whole number from 1 on or None")])
def test_every_registered_part_does(build, message):
    with pytest.raises((ValueError, TypeError), match=message):
        build()
