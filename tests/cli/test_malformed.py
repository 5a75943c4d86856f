"""What people get wrong on the command line and in files: one sentence each, of any tool, and nothing written."""

import shutil
from pathlib import Path

import pytest
import torch

from helpers.narrow import narrow

NAMED = {'empty.py': '', 'list.py': 'model = [1]\n', 'itself.py': "_base_ = 'itself.py'\n",
         'name.py': 'model = nothing\n', 'text.txt': 'hello\n', 'bytes.py': b'model = "\xff"\n'}
"""Files that are given as configs."""
TRAINED = [('test',), ('synthesize', 'maps', '--out', 'out', '--device', 'cpu'), ('export', '--out', 'model.onnx'),
           ('visualize', 'maps', '--out', 'out', '--device', 'cpu'), ('encode_styles',), ('diversity', 'maps'),
           ('edit', '--device', 'cpu')]
"""Tools that take a config and a checkpoint, and their other arguments."""
WEIGHTS = {'raw.pth': {'model.1.weight': torch.ones(2)}, 'list.pth': dict(state_dict=[1]),
           'words.pth': dict(state_dict={'generator.a': 'b'}), 'none.pth': dict(state_dict={}),
           'tensor.pth': torch.ones(2)}
"""Files that are given as checkpoints."""


@pytest.fixture(scope='module')
def good(toycity, tmp_path_factory):
    """A config, the smallest that tools can build."""
    path = tmp_path_factory.mktemp('good') / 'good.py'
    narrow('configs/pix2pixhd/pix2pixhd_toycity.py', toycity).dump(path)
    return path


@pytest.fixture
def refused(run_tool, monkeypatch, tmp_path, good):
    """Run a tool in a folder with the files: what it says, which is one line, and that it wrote nothing."""
    monkeypatch.chdir(tmp_path)
    for name, content in NAMED.items():
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    for name, content in WEIGHTS.items():
        torch.save(content, name)
    Path('torn.pth').write_bytes(Path('raw.pth').read_bytes()[:300])
    Path('blank.pth').write_bytes(b'')
    shutil.copy(good, 'good.py')
    before = sorted(tmp_path.rglob('*'))

    def run(tool, *arguments):
        code, _, err = run_tool(tool, *arguments)
        said = err.splitlines()
        assert code in (1, 2) and len(said) == 1 and said[0].startswith('error: '), said
        assert sorted(tmp_path.rglob('*')) == before
        return said[-1].partition('error: ')[2]

    return run


@pytest.mark.slow
def test_a_config_is_read_alike_by_every_tool(refused):
    said = [refused(tool, 'itself.py', 'raw.pth', *others) for tool, *others in TRAINED]
    said += [refused(tool, 'itself.py') for tool in ('train', 'train_segmentor', 'check_dataset')]
    assert set(said) == {refused('train', 'itself.py', '--dry-run')} and 'is based on itself' in said[0]


@pytest.mark.parametrize('name', [*NAMED, 'missing.py', '.'])
def test_configs(refused, name):
    assert (name if name != '.' else '. is a folder') in refused('train', name)


@pytest.mark.slow
@pytest.mark.parametrize(('tool', 'others'), [(tool, others) for tool, *others in TRAINED])
def test_official_weights_are_for_the_converter(refused, tool, others):
    assert 'raw.pth holds another kind of network' in (said := refused(tool, 'good.py', 'raw.pth', *others))
    assert said.endswith('semsynth convert_checkpoint.')


@pytest.mark.parametrize('name', ['list.pth', 'words.pth', 'none.pth', 'tensor.pth', 'torn.pth', 'blank.pth', '.'])
def test_checkpoints(refused, name):
    assert (name if name != '.' else '. is a folder') in refused('export', 'good.py', name, '--out', 'model.onnx')


@pytest.mark.parametrize(('arguments', 'sentence'), [
    (('synthesize', 'good.py', 'none', 'maps', '--out', 'out', '--device', 'gpu'), 'device=gpu, but this machine has'),
    (('synthesize', 'good.py', 'none', 'maps', '--out', 'out', '--samples', '0'), 'samples=0, expected a whole number'),
    (('synthesize', 'good.py', 'none', 'maps', '--out', 'out', '--seed', '-1'), 'seed=-1, expected a whole number'),
    (('synthesize', 'good.py', 'labels.png', '--out', 'out'), 'good.py is a config: name its checkpoint after it'),
    (('synthesize', 'good.py', '.', '--out', 'out'), 'good.py is a config: name its checkpoint after it'),
    (('benchmark', 'layout', '--device', 'cpux'), 'device=cpux, but this machine has cpu'),
    (('edit', 'good.py', 'none', '--port', '70000'), 'port=70000, expected a whole number from 1 to 65535'),
    (('edit', 'good.py', 'none', '--port', 'x'), 'argument --port: expected a whole number, found x.'),
    (('make_toycity', '--out', 'text.txt'), 'text.txt is a file'),
    (('make_toycity', '--out', 'city', '--workers', '0'), 'workers=0, expected a whole number from 1 on'),
    (('train', 'good.py', '--dry-run', '--resume'), 'leave --resume and --launcher out'),
    (('train', 'good.py', '--cfg-options', 'max_iters=7'), 'max_iters is no setting: did you mean train_cfg.max'),
    (('train', 'good.py', '--cfg-options', 'model=None'), 'model=None, expected a dict'),
    (('train', 'good.py', '--cfg-options', 'train_cfg.max_iters=many'), "max_iters='many', expected a whole number"),
    (('train', 'good.py', '--cfg-options', 'visualizer.vis_backends=[LocalVisBackend]'), 'expected a list of dicts'),
    (('test', 'good.py', 'raw.pth', '--cfg-options', 'test_dataloader.batch_size=0'), 'batch_size=0, expected a whole'),
    (('check_dataset', 'good.py', '--cfg-options', 'train_dataloader.dataset=3'), 'dataset=3, expected a dict')])
def test_options(refused, arguments, sentence):
    assert sentence in refused(*arguments)
