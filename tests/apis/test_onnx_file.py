import importlib.util
import json

import numpy as np
import pytest
import torch

from helpers.narrow import make_camvid, narrow
from helpers.settle import settle
from semsynth.apis import onnx_file
from semsynth.apis.building import build_for_inference
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.onnx_file import export
from semsynth.apis.onnx_network import ConditionToImages
from semsynth.layers.spectral import bake
from semsynth.layout import Layout
from semsynth.registry import GENERATORS

needs_extra = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ('onnx', 'onnxscript', 'onnxruntime')),
    reason="ONNX is not installed: pip install 'semsynth[export]'")

EDGES = dict(type='EdgeGuidedHead', num_classes=3, num_layers=1, embedding_channels=2)
TINY = dict(base_channels=2, hidden_channels=2)
GENERATORS_AND_HEADS = [
    dict(type='GlobalGenerator', base_channels=2, num_downsamples=2, num_blocks=1,
         head=EDGES | dict(final='class_specific')),
    dict(type='LocalEnhancer', base_channels=2, num_blocks=1, num_global_downsamples=1, num_global_blocks=1),
    dict(type='SPADEGenerator', spectral='all', head=EDGES, latent_dim=5, image_size=(64, 64), **TINY),
    dict(type='OASISGenerator', latent_dim=5, **TINY),
    dict(type='CCFPSEGenerator', pyramid_channels=2, **TINY),
    dict(type='UNetGenerator', base_channels=2, num_downsamples=3, head=EDGES | dict(semantic=False)),
    dict(type='CRNGenerator', widths=(2, 2, 2)),
    dict(type='BackboneGenerator', backbone='resnet18', feature_channels=2, head=dict(type='DAGANHead')),
    *(dict(type='SPADEGenerator', modulation=name, num_classes=3, instances=True, **TINY)
      for name in ('clade', 'clade_icpe')),
    dict(type='SPADEGenerator', modulation='inade', num_classes=3, instances=True, latent_dim=3, image_size=(64, 64),
         max_objects=5, noise_channels=2, **TINY),
    dict(type='LGGANGenerator', num_blocks=1, head=dict(type='LGGANHead', num_classes=3, split=True), **TINY)]
IN_ONNX = [*range(4), 8, 9, 10, -1]  # seconds each


def build(config):
    """The generator, and a layout for it: 3 classes, the last of them unknown, and objects."""
    generator = bake(settle(GENERATORS.build(dict(config, in_channels=4))))
    latent = torch.randn(2, generator.latent_dim) if 'latent_dim' in config else None
    label = torch.randint(3, (2, 64, 64))
    return generator, Layout(label, 3, unknown=2, instance=label * 7 + torch.arange(64) // 24, latent=latent)


@pytest.mark.parametrize('config', GENERATORS_AND_HEADS, ids=lambda config: config['type'])
@torch.no_grad()
def test_the_inputs_are_all_that_is_read(config):
    generator, layout = build(config)
    expected = generator(layout)
    inputs = onnx_file._inputs(generator, layout)
    assert ('instance' in inputs) == (config.get('modulation') in ('clade_icpe', 'inade'))
    network = ConditionToImages(generator, num_classes=3, unknown=2)
    images = dict(zip(network.outputs, network(**inputs), strict=True))
    assert set(images) == set(generator.head.views) and network.outputs[0] == 'image'
    for name, image in images.items():
        torch.testing.assert_close(image, expected[name], atol=1e-6, rtol=0)


@pytest.mark.slow
@needs_extra
@pytest.mark.parametrize('config', [GENERATORS_AND_HEADS[number] for number in IN_ONNX], ids=lambda each: each['type'])
@torch.no_grad()
def test_onnx_gives_equal_images(config):
    generator, layout = build(config)
    inputs = onnx_file._inputs(generator, layout)
    expected = generator(layout)
    network = ConditionToImages(generator, num_classes=3, unknown=2).eval()
    content = onnx_file._to_onnx(network, inputs, {})
    for count in (1, 2):
        some = {name: each[:count] for name, each in inputs.items()}
        assert onnx_file._difference(content, some, {name: expected[name][:count] for name in network.outputs}) < 1e-5


@pytest.fixture(scope='module')
def styled(toycity, tmp_path_factory):
    """A config whose condition has all kinds of channels, and a checkpoint of it."""
    folder = tmp_path_factory.mktemp('styled')
    config = narrow('configs/pix2pixhd/pix2pixhd_styles_toycity.py', toycity)
    config.dump(folder / 'styled.py')
    torch.manual_seed(0)
    torch.save(dict(state_dict=build_for_inference(config, None).state_dict()), folder / 'styled.pth')
    return folder / 'styled.py', folder / 'styled.pth'


@pytest.mark.slow
@needs_extra
def test_the_file_is_fed_from_numpy_as_the_docs_say(styled, tmp_path, run_tool):
    import onnxruntime

    code, told, _ = run_tool('export', *styled, '--out', tmp_path / 'model.onnx')
    assert code == 0 and 'model.onnx: condition (batch, 16, 64, 64) in, image out' in told
    assert "differ from PyTorch's by at" in told

    session = onnxruntime.InferenceSession(tmp_path / 'model.onnx')
    facts = {name: json.loads(value) for name, value in session.get_modelmeta().custom_metadata_map.items()
             if name in ('channels', 'size', 'classes', 'unknown', 'ids', 'value_range')}
    inferencer = Inferencer(*styled, 'cpu')
    space = inferencer.reader.label_space
    assert facts['classes'] == list(space.classes) == facts['channels'][:12] and facts['unknown'] is None
    assert facts['channels'][12:] == ['boundary', 'style 0', 'style 1', 'style 2']
    assert facts['size'] == [64, 64] and facts['value_range'] == [-1, 1]
    assert facts['ids'] == {str(number): index for number, index in space.id_map.items()}

    label = np.repeat(np.random.default_rng(0).integers(0, 12, (64, 8)), 8, axis=1)
    instance, style = label * 1000, np.full((3, 64, 64), 0.5, np.float32)
    changes = np.pad(instance, 1, 'edge')
    neighbours = changes[:-2, 1:-1], changes[2:, 1:-1], changes[1:-1, :-2], changes[1:-1, 2:]
    boundary = np.any([instance != neighbour for neighbour in neighbours], axis=0)
    condition = np.concatenate([label == np.arange(12)[:, None, None], boundary[None], style])
    [image] = session.run(['image'], {'condition': condition[None].astype(np.float32)})
    vectors = {int(number): torch.full((3,), 0.5) for number in np.unique(instance)}
    expected = inferencer.synthesize(label, instance, vectors)['outputs']['image'].numpy()
    found = ((image[0].clip(-1, 1) + 1) * 127.5).round()
    assert np.abs(found - expected).max() <= 1 and expected.std() > 0


def test_what_is_missing_is_named(styled, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ValueError, match=r"Export needs onnx and onnxscript: pip install 'semsynth\[export\]'"):
        export(Inferencer(*styled, 'cpu'), tmp_path / 'model.onnx')


@pytest.fixture
def no_onnx(monkeypatch):
    """ONNX Runtime whose images differ, and no time spent on making the file."""
    monkeypatch.setattr(onnx_file.importlib.util, 'find_spec', lambda name: True)
    monkeypatch.setattr(onnx_file, '_to_onnx', lambda *args: b'content')
    monkeypatch.setattr(onnx_file, '_difference', lambda *args: 0.02)


def test_the_checkpoint_is_not_replaced(styled, no_onnx, tmp_path):
    for out, reason in ((styled[1], 'is read, and writing would replace it'), (tmp_path, 'is a folder, but a file is')):
        with pytest.raises(ValueError, match=reason):
            export(Inferencer(*styled, 'cpu'), out)


def test_a_file_with_other_images_is_not_written(styled, tmp_path, no_onnx):
    with pytest.raises(ValueError, match=r'differ from PyTorch\'s by 0\.02, more than 0\.001; nothing is written'):
        export(Inferencer(*styled, 'cpu'), tmp_path / 'model.onnx')
    assert not list(tmp_path.iterdir())


def test_without_a_runtime_nothing_is_compared(styled, tmp_path, no_onnx, monkeypatch):
    monkeypatch.setattr(onnx_file.importlib.util, 'find_spec', lambda name: None if name == 'onnxruntime' else True)
    exported = export(Inferencer(*styled, 'cpu'), tmp_path / 'model.onnx', size=(32, 64))
    assert exported.difference is None and exported.inputs == dict(condition=('batch', 16, 32, 64))
    assert exported.path.read_bytes() == b'content'


def test_sizes_must_fit(styled, tmp_path, no_onnx):
    with pytest.raises(ValueError, match=r'the layout is 30x64, but height and width must be multiples of'):
        export(Inferencer(*styled, 'cpu'), tmp_path / 'model.onnx', size=(30, 64))
    config = narrow('configs/pix2pixhd/pix2pixhd_camvid.py', make_camvid(tmp_path / 'camvid'))
    config.test_dataloader.dataset.update(pipeline=[dict(type='LoadLabel'), dict(type='PackScene')], size=None)
    with pytest.raises(ValueError, match=r'does not resize its test set to one size: .*--size HEIGHT WIDTH'):
        export(Inferencer(config, None, 'cpu'), tmp_path / 'model.onnx')
