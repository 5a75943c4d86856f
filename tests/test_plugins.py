"""Components of one's own, hybrids, and switches on the command line: all by config alone, and all train."""

import argparse
import sys
import textwrap

import pytest

from helpers.narrow import ROOT, narrow
from semsynth import registry
from semsynth.apis import train
from semsynth.cli.options import add_options
from semsynth.registry import GENERATORS, LOSSES

BASE = ROOT / 'configs/pix2pixhd/pix2pixhd_toycity.py'
PARTS = """
    from torch import nn
    from semsynth.generators.base import Generator
    from semsynth.losses.base import Loss
    from semsynth.registry import GENERATORS, LOSSES

    @GENERATORS.register_module()
    class TheirGenerator(Generator):
        def __init__(self, in_channels, width, head):
            super().__init__(in_channels, feature_channels=width, size_divisor=1, head=head)
            self.layer = nn.Conv2d(in_channels, width, 3, padding=1)

        def features(self, layout):
            return self.layer(layout.condition)

    @LOSSES.register_module()
    class TheirLoss(Loss):
        def for_generator(self, step):
            return sum(weight * (step.outputs[view] - step.real[real]).square().mean()
                       for view, real, weight in self.over_views(step))
"""
MODEL = """
    model = dict(generator=dict(_delete_=True, type='TheirGenerator', width=5, head=dict(type='RGBHead')),
                 losses=dict(theirs=dict(type='TheirLoss', weight=3)))
"""


def write_config(folder, *lines):
    path = folder / 'config.py'
    path.write_text('\n'.join([f'_base_ = {str(BASE)!r}', *map(textwrap.dedent, lines)]))
    return path


def terms(runner):
    return {name.removeprefix('train/generator/') for name in runner.message_hub.log_scalars
            if name.startswith('train/generator/')}


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """A folder with `their_parts.py`; what it registers is forgotten afterwards."""
    (tmp_path / 'their_parts.py').write_text(textwrap.dedent(PARTS))
    monkeypatch.setattr('sys.path', [*sys.path])
    yield tmp_path
    GENERATORS.module_dict.pop('TheirGenerator', None)
    LOSSES.module_dict.pop('TheirLoss', None)
    sys.modules.pop('their_parts', None)


def test_a_file_in_the_current_folder_named_by_custom_imports(parts, toycity, monkeypatch):
    monkeypatch.chdir(parts)
    config = write_config(parts, MODEL, "custom_imports = dict(imports=['their_parts'])")
    runner = train(narrow(config, toycity), work_dir=parts / 'run')
    assert type(runner.model.generator).__name__ == 'TheirGenerator' and runner.model.generator.layer.out_channels == 5
    assert terms(runner) == {'adversarial', 'feature_matching', 'perceptual', 'theirs'}


def test_an_installed_package_named_by_its_entry_point(parts, toycity, monkeypatch):
    info = parts / 'theirs-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text('[semsynth.plugins]\nparts = their_parts\n')
    monkeypatch.syspath_prepend(parts)
    registry.load_plugins.cache_clear()  # as if nothing had been built so far
    registry.load_plugins()
    runner = train(narrow(write_config(parts, MODEL), toycity), work_dir=parts / 'run')
    assert terms(runner) == {'adversarial', 'feature_matching', 'perceptual', 'theirs'}


def test_a_hybrid_is_three_lines(tmp_path, toycity):
    config = write_config(
        tmp_path,
        "model = dict(generator=dict(head=dict(_delete_=True, type='EdgeGuidedHead', num_classes=12, semantic=False, "
        'class_specific=False, embedding_channels=None)))',
        'train_dataloader = dict(dataset=dict(edges=dict()))')
    assert len(config.read_text().splitlines()) == 3
    runner = train(narrow(config, toycity), work_dir=tmp_path / 'run')
    assert type(runner.model.generator).__name__ == 'GlobalGenerator'
    assert set(runner.model.views) == {'edge', 'image'}


def options(*words):
    parser = argparse.ArgumentParser()
    add_options(parser, '--cfg-options')
    return parser.parse_args(['--cfg-options', *words]).cfg_options


def test_parts_are_switched_on_the_command_line(toycity, tmp_path):
    switches = options('model.segmentor=None', 'model.losses.similarity=None', 'model.losses.perceptual=None',
                       'model.generator.head.transfer=False', 'model.losses.contrastive.temperature=0.2',
                       'model.views.coarse.weight=3', 'default_hooks.ema=None')
    runner = train(narrow('configs/ecgan/ecgan_toycity.py', toycity, **switches), work_dir=tmp_path)
    assert terms(runner) == {'adversarial', 'feature_matching', 'contrastive', 'class_specific'}
    assert runner.model.segmentor is None and not runner.model.generator.head.transfer
    assert runner.model.losses['contrastive'].temperature == 0.2
    assert runner.model.views['coarse'].weight == 3
    assert 'GeneratorEMAHook' not in [type(hook).__name__ for hook in runner.hooks]


def test_an_option_without_a_value_is_explained(capsys):
    with pytest.raises(SystemExit):
        options('data_root', '/data')
    assert 'argument --cfg-options: expected KEY=VALUE, found data_root /data' in capsys.readouterr().err
