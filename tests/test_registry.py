import sys
import textwrap

import pytest

from semsynth import registry
from semsynth.registry import GENERATORS, HEADS, HOOKS, Registry


def test_a_misspelt_type_gets_the_nearest_names():
    with pytest.raises(KeyError, match='did you mean GlobalGenerator'):
        GENERATORS.build(dict(type='GlobalGenerater'))


def test_a_type_like_no_other_gets_the_list():
    zoo = Registry('zoo', scope='semsynth')
    zoo.register_module(name='Cat', module=dict)
    with pytest.raises(KeyError, match="'Xylophone' is not in the zoo registry: it has Cat"):
        zoo.build(dict(type='Xylophone'))


def test_arguments_of_the_type_that_was_there_before():
    left = dict(type='RGBHead', in_channels=2, edges=True)
    with pytest.raises(TypeError, match='RGBHead has no argument') as caught:
        HEADS.build(left)
    assert 'EdgeGuidedHead has it' in caught.value.__notes__[0] and '_delete_=True' in caught.value.__notes__[0]
    with pytest.raises(TypeError, match=r"'in_channles': did you mean in_channels") as caught:
        HEADS.build(dict(type='RGBHead', in_channles=2))
    assert not hasattr(caught.value, '__notes__')


def test_a_misspelt_name_leaves_no_type():
    with pytest.raises(KeyError, match=r"generator registry names no type: \{'num_blocks': 2\}\. Give it one; or, if"):
        GENERATORS.build(dict(num_blocks=2))
    with pytest.raises(KeyError, match="'' is not in the generator registry"):
        GENERATORS.build(dict(type=''))
    assert '' not in GENERATORS


def test_engine_types_are_found_through_ours():
    assert HOOKS.get('CheckpointHook').__name__ == 'CheckpointHook'
    assert HOOKS.get('mmseg.SegVisualizationHook').__name__ == 'SegVisualizationHook'


def test_an_installed_package_is_found_by_its_entry_point(tmp_path, monkeypatch):
    (tmp_path / 'their_package.py').write_text(textwrap.dedent("""
        from semsynth.generators import Generator
        from semsynth.registry import GENERATORS
        @GENERATORS.register_module()
        class TheirGenerator(Generator):
            def __init__(self):
                super().__init__(in_channels=1, feature_channels=1, size_divisor=1, head=dict(type='RGBHead'))
    """))
    info = tmp_path / 'their_package-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: their-package\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text('[semsynth.plugins]\ntheirs = their_package\n')
    monkeypatch.syspath_prepend(tmp_path)
    registry.load_plugins.cache_clear()
    registry.load_plugins()
    try:
        assert type(GENERATORS.build(dict(type='TheirGenerator'))).__name__ == 'TheirGenerator'
    finally:
        GENERATORS.module_dict.pop('TheirGenerator')
        sys.modules.pop('their_package')


def test_a_registry_can_be_asked_what_is_in_it():
    assert 'RGBHead' in HEADS and 'RGBHeda' not in HEADS
