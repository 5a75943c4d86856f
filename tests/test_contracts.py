"""What a part shows to others is declared in its family's base class, and nobody guesses."""

import ast
from itertools import pairwise
from pathlib import Path

import pytest
from torch import nn

import semsynth
from semsynth.discriminators import Discriminator
from semsynth.encoders import Encoder
from semsynth.generators import Generator
from semsynth.heads import Head
from semsynth.losses import Loss
from semsynth.registry import DISCRIMINATORS, ENCODERS, GENERATORS, HEADS, LOSSES, SEGMENTORS
from semsynth.segmentors import MMSegSegmentor, Segmentor

PACKAGE = Path(semsynth.__file__).parent
FAMILIES = {Discriminator: DISCRIMINATORS, Encoder: ENCODERS, Generator: GENERATORS, Head: HEADS, Loss: LOSSES,
            Segmentor: SEGMENTORS}
GROUND = {'cli', 'data', 'layers', 'ops', 'safe_reading'}
"""Folders that read files and errors, and networks of other libraries, about which one may have to ask."""


@pytest.mark.parametrize('base', FAMILIES)
def test_every_component_inherits_from_its_familys_base(base):
    registry = FAMILIES[base]
    registry.import_from_location()
    assert registry.module_dict
    for name in registry.module_dict:
        assert issubclass(registry.get(name), base)


@pytest.mark.parametrize('base', FAMILIES)
def test_a_component_without_the_base_is_refused(base):
    class Stranger(nn.Module):
        pass

    registry = FAMILIES[base]
    registry.register_module(module=Stranger)
    try:
        with pytest.raises(TypeError, match=rf"'Stranger' .* is no {base.__name__}, .*inherit from semsynth\.\w+\."):
            registry.build(dict(type='Stranger'))
    finally:
        registry.module_dict.pop('Stranger')


@pytest.mark.parametrize('base', FAMILIES)
def test_declared_attributes_have_a_type_and_a_line_of_documentation(base):
    path = PACKAGE / base.__module__.partition('.')[2].replace('.', '/')
    body = next(node for node in ast.parse(path.with_suffix('.py').read_text(encoding='utf-8')).body
                if isinstance(node, ast.ClassDef) and node.name == base.__name__).body
    for attribute, after in pairwise(body):
        assert not isinstance(attribute, ast.Assign), f'{base.__name__}: line {attribute.lineno} has no type'
        if isinstance(attribute, ast.AnnAssign):
            documented = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            assert documented, f'{base.__name__}.{attribute.target.id} is not documented'


def test_nobody_guesses_at_attributes():
    folders = [path for path in PACKAGE.iterdir() if path.is_dir() and path.name not in GROUND]
    found = [f'{file.relative_to(PACKAGE)}:{node.lineno}' for folder in folders for file in folder.rglob('*.py')
             for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))) if guesses(node)]
    assert not found


def guesses(node):
    """Whether it is ``hasattr(part, name)`` or ``getattr(part, name, default)``."""
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return called and (node.func.id == 'hasattr' or (node.func.id == 'getattr' and len(node.args) == 3))


def test_the_type_segmentor_of_configs_is_mmsegs():
    assert SEGMENTORS.get('Segmentor') is MMSegSegmentor
