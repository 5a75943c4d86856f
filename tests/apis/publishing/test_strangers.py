"""A published folder of a stranger runs nothing, reads nothing else, and takes no more memory than it is long."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.facts import facts
from semsynth.apis.publishing.reading import read_published


def change(folder, place, value):
    """Set an entry of the config."""
    path = folder / 'config.json'
    content = json.loads(path.read_text())
    *parents, last = place.split('.')
    node = content
    for key in parents:
        node = node[key]
    node[last] = value
    path.write_text(json.dumps(content))


CODE = ['os.system', 'subprocess.call', 'builtins.exec', 'this.s', 'semsynth.apis.train', 'mmengine.Linear', '_Scope',
        'Pretrained', 'EncoderDecoder', 'L1Loss', 'LoadPhoto', '', 3, None, ['os.system'], {'type': 'os.system'}]


@pytest.mark.parametrize('place', ['model', 'model.generator', 'model.generator.head', 'model.data_preprocessor'])
def test_types_are_registered_ones_of_their_family(folder, place):
    for kind in CODE:
        change(folder, f'{place}.type', kind)
        with pytest.raises(ValueError, match=facts('config.json', f'{place}.type', 'import the module that registers')):
            read_published(folder)
    assert 'this' not in sys.modules  # mmengine imports whatever has a dot in its name


PRETRAINED = dict(type='Pretrained', checkpoint='http://example.org/x.pth')
STRANGE = [
    ('model.losses', dict(l1=dict(type='L1Loss'))),
    ('model.segmentor', dict(type='Segmentor', config='x.py')),
    ('model.styles', '/etc/passwd'),
    ('model.init_cfg', PRETRAINED),
    ('model.generator', []),
    ('model.generator.init_cfg', PRETRAINED),
    ('model.generator.pretrained', 'http://example.org/x.pth'),
    ('model.generator._scope_', 'os'),
    ('model.generator._delete_', True),
    ('model.generator.base_channels', dict(type='os.system')),
    ('model.generator.base_channels', 10**9),
    ('model.generator.base_channels', 'x'),
    ('model.generator.num_upsamples', [dict(type='os.system')]),
    ('model.generator.head.in_channels', dict(a=1)),
    ('model.encoder', [dict(type='os.system')]),
    ('model.encoder', 'x'),
    ('model.encoder', [dict(type='StyleEncoder')] * 1000),
    ('model.generator.head.num_layers', 1000),
    ('model.channels_last', 'yes'),
    ('custom_imports', dict(imports=['this'])),
    ('_base_', 'semsynth::ecgan/ecgan_toycity.py'),
    ('format', 2),
    ('format', '1'),
    ('layouts.type', 'CityscapesDataset'),
    ('layouts.pipeline', [dict(type='LoadImageFromFile')]),
    ('layouts.data_root', '/etc'),
    ('layouts.classes', '/etc/passwd'),
    ('layouts.palette', [[0, 0, 256]]),
    ('layouts.suffixes', dict(label=['/../../x.png'])),
    ('layouts.size', [2**13, 2**13]),
    ('layouts.size', [0, 4]),
    ('layouts.size', [64, 64.5]),
    ('layouts.id_map', [[0, 1]]),
    ('layouts.id_map', {'x': 0}),
    ('layouts.id_map', {'0': 'x'}),
    ('facts', []),
]


@pytest.mark.parametrize(('place', 'value'), STRANGE, ids=str)
def test_other_entries_are_refused(folder, place, value):
    change(folder, place, value)
    with pytest.raises(ValueError, match=facts('config.json', place.rpartition('.')[2])):
        read_published(folder)


BACKBONES = [
    (dict(type='TIMMBackbone', model_name='resnet18', checkpoint_path='x.pth'), 'type'),
    (dict(type='EncoderDecoder'), 'type'),
    (dict(type='os.system'), 'type'),
    (dict(type='ResNet', depth=18, init_cfg=PRETRAINED), 'init_cfg'),
    (dict(type='ResNet', depth=18, pretrained='torchvision://resnet18'), 'pretrained'),
    (dict(type='ResNet', depth=18, norm_cfg=dict(type='os.system')), 'norm_cfg.type'),
    (dict(type='ResNet', depth=18, norm_cfg=dict(type='ResNet')), 'norm_cfg.type'),
    (dict(type='ResNet', depth=18, plugins=[dict(cfg=dict(type='os.system'))]), 'plugins.0.cfg.type'),
    (dict(type='ResNet', depth=18, norm_cfg=dict(type='BN', _scope_='os')), 'norm_cfg._scope_'),
]


@pytest.mark.slow
def test_backbones_of_mmseg_are_told_of_known_layers_alone(folder):
    for backbone, about in BACKBONES:
        change(folder, 'model.generator', dict(type='BackboneGenerator', feature_channels=4, backbone=backbone))
        with pytest.raises(ValueError, match=facts('config.json', f'model.generator.backbone.{about}')):
            read_published(folder)
    change(folder, 'model.generator', dict(type='BackboneGenerator', feature_channels=4, backbone=dict(
        type='ResNet', depth=18, norm_cfg=dict(type='BN'))))
    with pytest.raises(ValueError, match=r'model\.safetensors does not fit'):  # it was built
        read_published(folder)


NO_JSON = ['', '{', '[]', '"x"', '{"format": NaN}', '{"format": 1e999}', '[' * 100_000, '{"a":' * 100_000,
           '{"format": ' + '9' * 5000 + '}', b'\xff\xfe', '\ud800'.encode('utf-16', 'surrogatepass'),
           ' ' * 2**20 + '{}', '{"\\u001b[2J": 1}', '{"facts": ["\\u001b[2J"]}']


@pytest.mark.parametrize('content', NO_JSON, ids=range(len(NO_JSON)))
def test_what_is_no_json(folder, content):
    (folder / 'config.json').write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=r'config\.json .*\b(no|none)\b'):
        read_published(folder)


def test_what_is_no_file(folder):
    (folder / 'config.json').unlink()
    os.mkfifo(folder / 'config.json')
    with pytest.raises(FileNotFoundError, match=r'config\.json'):
        read_published(folder)


LIMITED = """
import resource, sys
from semsynth.apis.publishing.reading import read_published
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_published(sys.argv[1])
except ValueError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used < 2**19, error)
"""


@pytest.mark.slow
def test_a_model_that_is_far_larger_than_its_weights(folder):
    """Compared before it takes memory: these are weights of 60 GB."""
    change(folder, 'model.generator.base_channels', 2**11)
    change(folder, 'model.generator.hidden_channels', 2**11)
    done = subprocess.run([sys.executable, '-c', LIMITED, folder], capture_output=True, text=True, check=False,
                          cwd=Path.cwd())
    assert done.stdout.startswith('True') and 'does not fit' in done.stdout, done.stderr
