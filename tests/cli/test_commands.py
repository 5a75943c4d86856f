"""The tools as users run them, on a few tiny scenes."""

import json
import re
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.narrow import ROOT, narrow

TOOLS = sorted(path.stem for path in (ROOT / 'tools').glob('*.py'))


@pytest.fixture
def call(run_tool, monkeypatch, tmp_path):
    """Run a tool in an empty folder; its status, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('COLUMNS', '100')
    return run_tool


@pytest.fixture
def told(call):
    """Run a tool that refuses: the one sentence that it says."""
    def run(*arguments):
        code, _, err = call(*arguments)
        assert code == 1 and err.startswith('error: ') and err.count('\n') == 1, err
        return err.strip()

    return run


@pytest.fixture(scope='module')
def config(toycity, tmp_path_factory):
    """A user's own config file: ECGAN on ToyCity, tiny."""
    path = tmp_path_factory.mktemp('config') / 'tiny.py'
    narrow('configs/ecgan/ecgan_toycity.py', toycity, **{'default_hooks.logger.interval': 1}).dump(path)
    return path


@pytest.fixture(scope='module')
def checkpoint(config, tmp_path_factory):
    """What training that config makes."""
    folder = tmp_path_factory.mktemp('trained')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', ['train.py', str(config), '--work-dir', str(folder)])
        runpy.run_path(str(ROOT / 'tools/train.py'), run_name='__main__')
    return folder / 'iter_1.pth'


@pytest.mark.parametrize('tool', TOOLS)
def test_help_fits_a_screen(tool, call):
    code, out, _ = call(tool, '--help')
    lines = out.splitlines()
    assert code == 0 and len(lines) <= 30 and max(map(len, lines)) <= 100


@pytest.mark.slow
def test_training_is_resumed(call, config, tmp_path):
    assert call('train', config, '--work-dir', tmp_path, '--resume')[0] == 0
    assert call('train', config, '--work-dir', tmp_path, '--resume', '--cfg-options', 'train_cfg.max_iters=2')[0] == 0
    assert torch.load(tmp_path / 'iter_2.pth', weights_only=False)['meta']['iter'] == 2
    scalars = [json.loads(line) for path in tmp_path.glob('*/vis_data/scalars.json')
               for line in path.read_text().splitlines()]
    assert {line['step'] for line in scalars if 'generator/similarity' in line} == {1, 2}
    assert [path.name for path in sorted(tmp_path.glob('pictures/*'))] == ['iter_000001.png', 'iter_000002.png']


def test_a_dry_run_reports_and_leaves_nothing(call, config, tmp_path):
    code, out, err = call('train', config, '--dry-run', '--precision', 'bfloat16', '--work-dir', tmp_path / 'mine')
    assert re.findall(r"^work_dir ?= ?'(.*)'$", out, re.M) == [str(tmp_path / 'mine')]
    assert f'the first step of {config}' in err
    assert code == 0 and "type='EdgeGuidedHead'" in out and re.search("^precision ?= ?'bfloat16'$", out, re.M)
    for part in ('generator', 'discriminator'):
        assert re.search(rf'  {part}: [\d,]+ trained', out)
    assert re.search(r'  segmentor: [\d,]+ frozen', out)
    assert re.search(r'Memory .*: \d+ MB .* at batch size 2', out)
    assert not list(tmp_path.iterdir())


def test_training_without_data_says_what_is_missing(told, monkeypatch):
    monkeypatch.delenv('CITYSCAPES_ROOT', raising=False)
    sentence = told('train', ROOT / 'configs/ecgan/ecgan_cityscapes.py')
    for what in ('no folder data/cityscapes', 'leftImg8bit/train/, gtFine/train/', 'data_root=PATH', 'CITYSCAPES_ROOT',
                 'data_root=data/toycity', 'semsynth demo', 'semsynth make_toycity'):
        assert what in sentence


def test_mistakes_in_training_are_one_sentence(told, config, monkeypatch, tmp_path):
    assert 'There is no config nowhere.py' in told('train', 'nowhere.py')
    options = ('train', config, '--work-dir', tmp_path, '--cfg-options')
    assert 'did you mean GlobalGenerator' in told(*options, 'model.generator.type=GlobalGenerater')
    assert 'has no argument \'chanels\': did you mean in_ch' in told(*options, 'model.discriminator.chanels=3')
    assert 'reads the label generator, but segmentor=None' in told(*options, 'model.segmentor=None')
    missing = told(*options, 'model.segmentor.checkpoint=none.pth', 'model.segmentor.config=a.py')
    assert 'segmentor: there is no config a.py' in missing
    assert 'needs torchrun' in told('train', config, '--launcher', 'pytorch')


@pytest.mark.slow
def test_results_are_judged(call, config, checkpoint, tmp_path):
    code, out, _ = call('test', config, checkpoint, '--out', tmp_path / 'results.json')
    assert code == 0 and 'mIoU' in out and 'real (oracle)' in out
    assert (tmp_path / 'results.json').read_text().splitlines()[0].startswith('{ "judge": "independent: no judge has')
    code, _, _ = call('test', config)
    assert code == 0
    [path] = tmp_path.glob('work_dirs/tiny/results_untrained.json')
    assert path.read_text().splitlines()[0].startswith('{ "judge": "independent: no loss')


def test_mistakes_in_judging_are_one_sentence(told, config, checkpoint):
    assert 'There is no checkpoint none.pth' in told('test', config, 'none.pth')
    assert 'has no test_evaluator' in told('test', config, checkpoint, '--cfg-options', 'test_evaluator=None')
    Path('torn.pth').write_bytes(checkpoint.read_bytes()[:1000])
    assert 'torn.pth is torn or no checkpoint' in told('test', config, 'torn.pth')


def test_label_maps_become_images_and_edge_maps(call, config, checkpoint, toycity, tmp_path):
    shutil.copytree(toycity / 'gtFine/val', tmp_path / 'maps')  # ids of labels and instances, no photos
    code, out, _ = call('synthesize', config, checkpoint, 'maps', '--out', 'out', '--device', 'cpu')
    assert code == 0 and '5 scenes in out' in out
    names = [f'toycity_00000{number}_000000{suffix}.png' for number in range(5) for suffix in ('', '_edge')]
    assert sorted(path.name for path in (tmp_path / 'out/toycity').iterdir()) == sorted(names)
    for name in names:
        assert np.asarray(Image.open(tmp_path / 'out/toycity' / name)).shape == (64, 64, 3)
    options = ('--out', 'rounded', '--device', 'cpu', '--precision', 'bfloat16')
    assert call('synthesize', config, checkpoint, 'maps', *options)[0] == 0
    exact, rounded = (np.asarray(Image.open(Path(out, 'toycity', names[0])), int) for out in ('out', 'rounded'))
    assert 0 < abs(exact - rounded).mean() < 4


def test_a_checkpoint_is_a_model(call, checkpoint, config, toycity, tmp_path):
    [label, *_] = sorted((toycity / 'gtFine/val').rglob('*_labelIds.png'))
    for out, model in dict(alone=[checkpoint], both=[config, checkpoint]).items():
        assert call('synthesize', *model, label, '--out', out, '--device', 'cpu')[0] == 0
    alone, both = (Path(out, 'toycity_000000_000000.png').read_bytes() for out in ('alone', 'both'))
    assert alone == both
    for arguments, sentence in {
            ('synthesize', config, '--out', 'x'): 'its checkpoint', ('export', config, '--out', 'x'): 'its checkpoint',
            ('synthesize', config, checkpoint, '--out', 'x'): 'name label maps'}.items():
        code, _, err = call(*arguments)
        assert code == 2 and sentence in err


@pytest.mark.slow
@pytest.mark.parametrize('tool', ['synthesize', 'visualize'])
def test_nothing_that_is_read_is_written_onto(told, config, checkpoint, toycity, tmp_path, tool):
    maps = Path(shutil.copytree(toycity / 'gtFine/val', tmp_path / 'maps'))
    Path('link').symlink_to(maps / 'toycity')
    Path('file').write_text('')
    contents = lambda: {path: path.read_bytes() for path in sorted(tmp_path.rglob('*')) if path.is_file()}
    before = contents()
    for out, reason in {
            maps: 'is a folder that is read from', maps / 'toycity': 'is a folder that is read from',
            'maps/../maps': 'is a folder that is read from', 'link': 'is a folder that is read from',
            toycity / 'leftImg8bit/val': 'holds the data set', toycity / 'gtFine/val/new': 'holds the data set',
            'file': 'is a file, but results go into a folder', 'file/deep': 'file is a file: name another place',
            'x' * 300: 'can be no path'}.items():
        assert reason in told(tool, config, checkpoint, maps, '--out', out)
    assert reason in told(tool, config, checkpoint, next(maps.rglob('*_labelIds.png')), '--out', 'x' * 300)
    assert contents() == before


def test_results_of_one_name_are_refused(told, config, checkpoint, toycity, tmp_path):
    found = sorted((toycity / 'gtFine/val').rglob('*_labelIds.png'))
    Path('maps').mkdir()
    for name, path in zip(('a', 'a_edge'), found, strict=False):
        for kind in ('label', 'instance'):
            shutil.copy(str(path).replace('labelIds', f'{kind}Ids'), f'maps/{name}_gtFine_{kind}Ids.png')
    assert 'Results of two layouts would have one name (a_edge.png)' in told(
        'synthesize', config, checkpoint, 'maps', '--out', 'out')
    assert not Path('out').exists()


@pytest.mark.slow
def test_insides_are_drawn(call, told, config, checkpoint, toycity):
    maps = toycity / 'gtFine/val'
    code, out, _ = call('visualize', config, checkpoint, maps, '--classes', 'road', '11', '--segmentor', 'none')
    assert code == 0 and out.endswith('5 sheets in insides. Not on the sheets: segmentations (not asked for).\n')
    assert len(list(Path('insides/toycity').glob('toycity_00000?_000000_insides.png'))) == 5
    assert 'has no class rode: it has' in told('visualize', config, checkpoint, maps, '--classes', 'rode')


@pytest.mark.slow
def test_styles_are_encoded_and_picked(call, told, toycity, tmp_path):
    narrow('configs/pix2pixhd/pix2pixhd_styles_toycity.py', toycity).dump('styled.py')
    assert call('train', 'styled.py', '--work-dir', 'run')[0] == 0
    maps = toycity / 'gtFine/val'
    arguments = ('styled.py', 'run/iter_1.pth', maps, '--out', 'out', '--samples', '2')
    assert 'nothing is drawn at random' in told('synthesize', *arguments)
    code, out, _ = call('encode_styles', 'styled.py', 'run/iter_1.pth', '--clusters', '2')
    assert code == 0 and re.search(r'\d+ styles of \d+ classes, from \d+ instances, in run/styles\.npz', out)
    assert call('synthesize', *arguments, '--styles', 'run/styles.npz', '--style', 'road=1', 'sky=0')[0] == 0
    assert len(list(Path('out/toycity').iterdir())) == 5 * 3
    code, _, err = call('synthesize', *arguments, '--style', 'road')
    assert code == 2 and 'expected CLASS=CLUSTER or ID=CLUSTER, such as car=3, found road' in err


def test_mistakes_in_synthesising_are_one_sentence(told, config, checkpoint, toycity, tmp_path):
    maps = toycity / 'gtFine/val/toycity'
    for path in [*maps.glob('*_labelIds.png'), maps / 'toycity_000000_000000_gtFine_instanceIds.png']:
        shutil.copy(path, tmp_path)
    sentence = told('synthesize', config, checkpoint, tmp_path, '--out', 'out')
    assert '4 of the 5' in sentence and '--instances' in sentence
    assert 'There is no label map nowhere.png' in told('synthesize', config, checkpoint, 'nowhere.png', '--out', 'out')
    assert not (tmp_path / 'out').exists()


def test_mistakes_in_the_other_tools_are_one_sentence(told, monkeypatch):
    monkeypatch.delenv('TOYCITY_ROOT', raising=False)
    assert '`semsynth demo` renders ToyCity there' in told('train_segmentor', 'semsynth::segmentors/unet_toycity.py')
    assert 'train=-1' in told('make_toycity', '--out', 'city', '--train', '-1')
    assert 'There is no config nowhere.py' in told('check_dataset', 'nowhere.py')


@pytest.mark.parametrize('arguments', [
    ('contrast', '--pixels', '0'), ('step', 'config.py', '--batch-size', 'x'), ('similarity', '--sizes', '0x8'),
    ('layout', '--sizes', '8'), ('instance_mean', '--repeats', '-1')])
def test_benchmarks_of_nothing(call, arguments):
    code, _, err = call('benchmark', *arguments)
    assert code == 2 and f'expected {"HEIGHTxWIDTH" if "--sizes" in arguments else "a number from 1 on"}' in err
