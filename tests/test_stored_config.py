"""What a checkpoint carries, read as data."""

import sys

import pytest
from mmengine.config import Config

from helpers.facts import facts
from semsynth.config import load_config
from semsynth.data import ToyCityDataset
from semsynth.data.layout_reader import LayoutReader
from semsynth.registry import GENERATORS, TRANSFORMS, UnknownType, is_registered
from semsynth.stored_config import NoLayoutsError, layout_facts, read_settings, stored_config, stored_layouts

OWN = 'configs/ecgan/ecgan_toycity.py'


def carried(tmp_path, **settings):
    """The config that a checkpoint with these settings carries."""
    return stored_config(dict(cfg=Config(settings).pretty_text), tmp_path / 'x.pth')


def test_a_config_is_the_same_as_from_its_file(tmp_path):
    config = load_config(OWN)
    again = load_config(stored_config(dict(cfg=config.pretty_text), tmp_path / 'x.pth'))
    assert again.to_dict() == config.to_dict() and again.filename == str(tmp_path / 'x.pth')


def test_keys_and_kinds_are_kept():
    settings = dict(id_map={7: 0, -1: 1}, size=(1, 2), far=float('-inf'), name='text\n')
    assert read_settings(Config(dict(model=settings)).pretty_text)['model'] == settings


def test_nothing_that_a_type_names_is_imported(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / 'strangers_module.py').write_text('class Evil:\n    def __init__(self): raise SystemExit\n')
    kinds = ('strangers_module.Evil', 'strangers_module', 'os.system', 'mmengine.utils.install_package')
    for kind in kinds:
        assert not is_registered(kind)
        config = carried(tmp_path, model=dict(type='Synthesizer', generator=dict(type=kind), losses=dict(
            own=dict(type='SimilarityLoss', inner=[dict(type=kind, command='x')]))),
            test_evaluator=dict(type='FrechetDistance', judge=dict(type=kind)), custom_imports=dict(imports=[kind]))
        parts = (config.model.generator, config.model.losses.own, config.test_evaluator)
        assert [dict(part) for part in parts] == [dict(type=kind)] * 3
        assert all(isinstance(part.type, UnknownType) for part in parts) and 'custom_imports' not in config
        assert config.model.generator.type not in GENERATORS
        with pytest.raises(KeyError, match=facts(kind, 'custom_imports.imports=MODULE')):
            GENERATORS.build(config.model.generator)
        for pipeline in [dict(type=kind)], (dict(type=kind, command='x'),):  # as the checkpoint's own layouts have it
            layouts = stored_layouts(dict(layouts=dict(classes=['a'], pipeline=pipeline)))
            with pytest.raises(KeyError, match=facts(kind, 'custom_imports.imports=MODULE')):
                LayoutReader(**layouts)
    assert 'strangers_module' not in sys.modules
    assert all(map(is_registered, ('SPADEGenerator', 'mmseg.RandomFlip', 'BN', 'EncoderDecoder', 'Adam')))


def test_a_users_own_modules_are_imported(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / 'my_transforms.py').write_text(
        'from semsynth.registry import TRANSFORMS\n@TRANSFORMS.register_module()\nclass MyTransform: pass\n')
    text = Config(dict(model=dict(part=dict(type='MyTransform')))).pretty_text
    config = stored_config(dict(cfg=text), 'x.pth', {'custom_imports.imports': ['my_transforms']})
    assert not isinstance(config.model.part.type, UnknownType)
    assert type(TRANSFORMS.build(dict(config.model.part))).__name__ == 'MyTransform'


def test_what_carries_no_config_is_refused():
    for meta in ({}, dict(cfg='model = 1\n'), dict(cfg='model = ' + 9999 * '[' + 9999 * ']')):
        with pytest.raises(ValueError, match='config'):
            stored_config(meta, 'x.pth')


def test_layouts_are_those_of_the_test_set(tmp_path):
    config = load_config(OWN, dict(data_root=str(tmp_path / 'nowhere')))
    own = ToyCityDataset(str(tmp_path / 'nowhere'), 'val', lazy_init=True).layout_facts
    assert layout_facts(config) == own | dict(size=list(config.image_size))
    for loader in ('test_dataloader', 'val_dataloader'):
        config[loader] = None
    assert layout_facts(config)['folders']['label'] == 'gtFine/train'
    config.default_hooks.pictures.dataset = dict(type='ToyCityDataset', data_root='x', split='val', size=(64, 128))
    assert layout_facts(config)['folders']['label'] == 'gtFine/val'
    config.train_dataloader, config.default_hooks.pictures = None, None
    with pytest.raises(NoLayoutsError, match=facts('ecgan_toycity.py', 'data set')):
        layout_facts(config)


def test_options_reach_the_layouts_that_a_checkpoint_carries(tmp_path):
    config = load_config(OWN)
    meta = dict(cfg=config.pretty_text, layouts=layout_facts(config) | dict(classes=['a', 'b']))
    load = lambda **options: layout_facts(load_config(stored_config(meta, 'x.pth'), options))
    assert load()['classes'] == ['a', 'b']
    changed = load(image_size=(32, 48), data_root='elsewhere')
    assert (changed['classes'], list(changed['size']), changed['data_root']) == (['a', 'b'], [32, 48], 'elsewhere')
    told = load(**{'test_dataloader.dataset.endings.label': '_ids.png'})  # the data set says it anew
    assert len(told['classes']) == 12 and told['suffixes']['label'] == ['_ids.png']
