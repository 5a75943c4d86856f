"""A study: its plan, its work with tools that only write down how they were called, and what it reports."""

import json
import re
import statistics

import pytest
import torch
from mmengine.config import Config

from helpers import tiny_segmentor
from helpers.facts import facts
from helpers.narrow import ROOT, narrow
from helpers.trained import trained
from semsynth.config import load_config
from semsynth.config_files import find_config
from semsynth.registry import DATASETS
from semsynth.studies import jobs
from semsynth.studies.synthetic_data import synthetic_study
from semsynth.studies.synthetic_data.plan import ARMS, read_plan
from semsynth.studies.synthetic_data.report import Findings, chart, verdict

TOOLS = '''
import json, os, pathlib, re, sys, zipfile
what, *words = sys.argv[1:]
out = pathlib.Path(words[words.index('--out' if '--out' in words else '--work-dir') + 1])
out.mkdir(parents=True, exist_ok=True)
with (out / 'calls').open('a') as calls:
    calls.write(' '.join(words) + '\\n')
if (out.parent / 'broken').exists():
    print('loss is nan')
    sys.exit(3)
if what == 'encode_styles':
    (out / 'file').touch()
if what == 'synthetic_data':
    note = dict(settings=dict(maps=3, per_map=4, judge='0123'), done=True, images=12, ignored=0.25,
                classes=[dict(name='sky', ignored=0.5)],
                dataset=dict(type='PairedFolderDataset', split='train', classes=['sky', 'road', 'unknown'], palette=[],
                             unknown=2, unknown_ids=[255], things=[], instances=False, class_map=[0, 1, 255]))
    (out / 'synthetic.json').write_text(json.dumps(note))
if what == 'train':
    with zipfile.ZipFile(out / 'iter_1.pth', 'w') as file:
        file.writestr('data.pkl', '')
if what == 'train_segmentor':
    (out / 'final.pth').touch()
    arm, seed = out.parent.name, int(out.name[-1])
    first = dict(real=50, synthetic=40, both=61, real_longer=55)[arm] + seed
    other = dict(real=30, synthetic=20, both=29, real_longer=33)[arm] - seed * (arm == 'both')
    scores = dict(mIoU=(first + other) / 2, aAcc=90.0, classes=['sky', 'road', 'no label'], IoU=[first, other, None])
    path = re.search(r"out *= *'([^']+scores.json)'", pathlib.Path(words[0]).read_text())[1]
    pathlib.Path(path).write_text(json.dumps(scores))
'''


@pytest.fixture(scope='module')
def configs(toycity, tmp_path_factory):
    """Configs of a tiny generator and a tiny segmentor, and of a study of them."""
    folder = tmp_path_factory.mktemp('configs')
    narrow('configs/oasis/oasis_toycity.py', toycity).dump(folder / 'generator.py')
    segmentor = load_config(ROOT / 'configs/segmentors/unet_toycity.py', dict(data_root=str(toycity)))
    segmentor.train_dataloader.num_workers = segmentor.val_dataloader.num_workers = 0
    segmentor.merge_from_dict({'train_dataloader.batch_size': 2, 'log_level': 'ERROR', 'precision': 'float32',
                               'model.backbone.base_channels': 8, 'model.decode_head.in_channels': 8,
                               'model.decode_head.channels': 8})
    segmentor.dump(folder / 'segmentor.py')
    (folder / 'study.py').write_text(
        f'generator = dict(config={str(folder / "generator.py")!r})\nsegmentor = dict(config='
        f'{str(folder / "segmentor.py")!r})\nsteps = 10\n')
    return folder


@pytest.fixture
def tools(tmp_path, monkeypatch):
    (tmp_path / 'tools.py').write_text(TOOLS)
    monkeypatch.setattr('semsynth.studies.synthetic_data.runs.COMMAND', (str(tmp_path / 'tools.py'),))
    monkeypatch.setattr(jobs, 'POLL_SECONDS', 0.01)
    monkeypatch.setattr('semsynth.studies.synthetic_data.study.chart', lambda findings: b'')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def calls(folder):
    return (folder / 'calls').read_text().splitlines()


def test_everything_is_done_once_in_its_order(configs, tools):
    out = tools / 'out'
    assert synthetic_study(configs / 'study.py', seeds=(0, 2), jobs=2, out=out, precision='float32') == []
    assert len(calls(out / 'generator')) == 1 and '--precision float32' in calls(out / 'generator')[0]
    [made] = calls(out / 'data/scenes')
    assert made.startswith(f'{out}/generator.py {out}/generator/iter_1.pth --judge {out}/real/seed_0.py '
                           f'{out}/real/seed_0/final.pth --margin 1.25 --seed 0')
    assert all(len(calls(out / arm / f'seed_{seed}')) == 1 for arm in ARMS for seed in (0, 2))
    assert synthetic_study(configs / 'study.py', seeds=(0, 2), out=out, precision='float32') == []
    assert len(calls(out / 'real/seed_0')) == 1
    table = (out / 'table.md').read_text()
    rows = {row.split(' | ')[0].strip('| '): row.strip('| ').split(' | ') for row in table.splitlines() if ' | ' in row}
    assert rows['real'][1:] == ['4', '0', '10', '2 of 2', '40.5 ± 0.7', '90.0 ± 0.0', '-']
    assert rows['real + synthetic'][1:6] == ['4', '12', '20', '2 of 2', '45.0 ± 0.0']
    assert rows['synthetic'][1:4] == ['0', '12', '10'] and rows['real for longer'][3] == '20'
    assert rows['sky'][-2:] == ['**+6.0 ± 0.0**', '**-10.0 ± 0.0**'] and rows['road'][-2] == '**-5.0 ± 1.4**'
    assert table.index('| sky') < table.index('| road') < table.index('| no label')
    assert rows['no label'][1:] == ['-'] * 6
    assert 'gain by synthetic images beside real ones, by more than the standard deviation: sky.' in table
    assert 'lose by synthetic images beside real ones, by more than the standard deviation: road.' in table
    assert '25.0 % of their pixels are ignored' in table and 'all 4 training photos' in table


@pytest.mark.slow
def test_the_results_as_data(configs, tools):
    synthetic_study(configs / 'study.py', seeds=(0, 1, 2), jobs=3, out='out')
    found = json.loads((tools / 'out/results.json').read_text())
    gain = found['gains']['both over real_longer']['IoU']['road']
    assert gain['values'] == [-4, -5, -6] and gain['mean'] == -5 and gain['verdict'] == 'loss'
    assert gain['std'] == pytest.approx(statistics.stdev([4, 5, 6]))
    assert found['arms']['both']['IoU']['sky']['values'] == [61, 62, 63] and found['arms']['both']['steps'] == 20
    assert (found['photos'], found['images'], found['ignored_by_class']) == (4, 12, dict(sky=0.5))
    assert found['arms']['real']['IoU']['no label']['mean'] is None


def test_what_segmentors_learn_from(configs, tools, toycity):
    synthetic_study(configs / 'study.py', out='out', cfg_options={'photos': 3, 'longer': 3}, results='kept')
    assert (tools / 'kept/table.md').read_text() == (tools / 'out/table.md').read_text()
    assert json.loads((tools / 'kept/both/seed_0.json').read_text())['IoU'] == [61, 29, None]
    real, synthetic, both, longer = (Config.fromfile(tools / f'out/{arm}/seed_0.py') for arm in ARMS)
    assert [each.train_cfg.max_iters for each in (real, synthetic, both, longer)] == [10, 10, 30, 30]
    assert real.train_dataloader.dataset == longer.train_dataloader.dataset
    assert real.train_dataloader.dataset.most_scenes == 3 and 'most_scenes' not in real.val_dataloader.dataset
    assert synthetic.train_dataloader.dataset.data_root == 'out/data/scenes'
    assert synthetic.train_dataloader.dataset.class_map == [0, 1, 255]
    assert synthetic.train_dataloader.dataset.flip == real.train_dataloader.dataset.flip == 0.5
    assert both.train_dataloader.dataset == dict(type='MixedScenes', datasets=[
        real.train_dataloader.dataset, synthetic.train_dataloader.dataset])
    generator = load_config(tools / 'out/generator.py')
    assert generator.train_dataloader.dataset.most_scenes == 3
    table = (tools / 'out/table.md').read_text()
    assert '3 of 4 training photos, evenly spread' in table and table.startswith('# study, 3 of 4 photos\n')


@pytest.mark.slow
def test_what_fails_is_told_and_tried_again(configs, tools):
    (tools / 'out').mkdir()
    synthetic_study(configs / 'study.py', out='out')
    for path in ('both/seed_0/result.json', 'real_longer/seed_0/result.json'):
        (tools / 'out' / path).unlink()
    (tools / 'out/both/broken').touch()
    assert synthetic_study(configs / 'study.py', out='out') == ['real + synthetic, seed 0']
    assert '0 of 1' in (tools / 'out/table.md').read_text()
    (tools / 'out/both/broken').unlink()
    assert synthetic_study(configs / 'study.py', out='out') == []
    assert len(calls(tools / 'out/both/seed_0')) == 3 and len(calls(tools / 'out/synthetic/seed_0')) == 1


@pytest.mark.slow
def test_data_are_not_made_where_the_generator_failed(configs, tools, run_tool):
    (tools / 'out').mkdir()
    synthetic_study(configs / 'study.py', out='out', seeds=(1,))
    for path in (tools / 'out').rglob('result.json'):
        path.unlink()
    (tools / 'out/broken').touch()  # beside the generator's folder
    code, out, err = run_tool('synthetic_study', configs / 'study.py', '--out', 'out', '--seeds', '1')
    assert 'generator failed' in str(code) and 'loss is nan' in out and not err
    assert len(calls(tools / 'out/synthetic/seed_1')) == 1


@pytest.mark.slow
def test_another_study_in_the_folder_is_refused(configs, tools):
    synthetic_study(configs / 'study.py', out='out')
    with pytest.raises(ValueError, match=facts('out holds a study', 'steps=10, now 11', '--out')):
        synthetic_study(configs / 'study.py', out='out', cfg_options=dict(steps=11))
    (tools / 'mine').mkdir()
    (tools / 'mine/file').touch()
    with pytest.raises(ValueError, match=facts('mine is not empty', 'study.json')):
        synthetic_study(configs / 'study.py', out='mine')
    for wrong, told in ((dict(jobs=0), 'jobs=0'), (dict(seeds=(1, 1)), 'seeds=[1, 1]'), (dict(seeds=()), 'seeds=[]')):
        with pytest.raises(ValueError, match=facts(told, 'expected')):
            synthetic_study(configs / 'study.py', out='out', **wrong)


@pytest.mark.parametrize(('options', 'told'), [
    (dict(photo=3), ['photo is no entry', 'did you mean', 'photos']), (dict(photos=9), ['photos=9', 'has 4']),
    (dict(longer=1), ['longer=1', 'more than 1']), (dict(steps='many'), ["steps='many'", 'expected']),
    ({'generator.weights': 'x.pth'}, ['generator has no entry weights', 'checkpoint']),
    ({'segmentor.checkpoint': 'x.pth'}, ['segmentor has no entry checkpoint', 'config, options']),
    ({'judge': dict(config='judge.py', checkpoint='x.pth', input_size=(8, 16))},
     ['judge has no entry input_size', 'config, checkpoint']),
    ({'segmentor.config': ''}, ['segmentor=dict(config=...)', 'unet_toycity']),
    ({'generator.checkpoint': 'gone.pth'}, ['gone.pth']),
    ({'generator.options': dict(data_root='gone')}, ['no folder gone']),
    ({'judge': dict(config='judge.py')}, ['judge=', 'expected dict(config=..., checkpoint=...)'])])
def test_plans_that_cannot_be_carried_out(options, told, configs, tools):
    with pytest.raises((ValueError, FileNotFoundError), match=facts(*told)):
        synthetic_study(configs / 'study.py', out='out', cfg_options=options)
    assert not (tools / 'out').exists()


def test_the_configs_have_to_fit(configs, tools, tmp_path):
    segmentor, generator = (str(configs / f'{name}.py') for name in ('segmentor', 'generator'))
    with pytest.raises(ValueError, match=facts('no model.generator')):
        read_plan(configs / 'study.py', {'generator.config': segmentor})
    with pytest.raises(ValueError, match=facts(generator, 'config of a segmentor', 'class_map')):
        read_plan(configs / 'study.py', {'segmentor.config': generator})
    with pytest.raises(ValueError, match=facts('learns from 4 photos and the segmentor from 5', 'one data set')):
        read_plan(configs / 'study.py', {'segmentor.options': {'train_dataloader.dataset.split': 'val'}})
    with pytest.raises(ValueError, match=facts('learns from 4 photos and the segmentor from 2', 'set photos')):
        read_plan(configs / 'study.py', {'segmentor.options': {'train_dataloader.dataset.indices': 2}})
    with pytest.raises(FileNotFoundError, match=facts('no config', 'synthetic_studies/toycity.py')):
        read_plan(tmp_path / 'gone.py')


@pytest.mark.slow
def test_a_generator_that_saw_other_photos_is_refused(configs, tools, toycity, tmp_path):
    """And one that saw the same ones is taken, with its weights."""
    for photos, options in ((4, {}), (2, {'most_scenes': 2}), (2, {'indices': [0, 3]})):
        options = {f'train_dataloader.dataset.{name}': value for name, value in options.items()}
        model = trained('configs/oasis/oasis_toycity.py', toycity, tmp_path / 'model', **options)
        stored = torch.load(model.checkpoint, weights_only=False)
        stored['meta']['cfg'] = model.config.pretty_text
        torch.save(stored, model.checkpoint)
        path = str(model.checkpoint)
        assert read_plan(configs / 'study.py', {'generator.checkpoint': path, 'photos': photos}).checkpoint == path
        with pytest.raises(ValueError, match=facts('was trained on', photos, 'photos', 'Leave generator.checkpoint')):
            read_plan(configs / 'study.py', {'generator.checkpoint': path, 'photos': 3})


@pytest.mark.slow
def test_a_judge_that_the_generators_losses_read_is_refused(configs, tools, toycity, tmp_path):
    (tmp_path / 'judge.py').write_text(f'model = {tiny_segmentor.config(12)!r}')
    weights = tiny_segmentor.save(tiny_segmentor.plain(num_classes=12), tmp_path / 'judge.pth')
    teacher = dict(type='Segmentor', config=str(tmp_path / 'judge.py'), checkpoint=weights)
    narrow('configs/ecgan/ecgan_toycity.py', toycity, **{'model.segmentor': teacher}).dump(tmp_path / 'ecgan.py')
    options = {'generator.config': str(tmp_path / 'ecgan.py'),
               'judge': dict(config=teacher['config'], checkpoint=weights)}
    with pytest.raises(ValueError, match=facts('The judge has the very weights', 'the label generator')):
        synthetic_study(configs / 'study.py', out='out', cfg_options=options)
    synthetic_study(configs / 'study.py', out='out', cfg_options={**options, 'judge': None})
    assert 'reads a label generator' in (tools / 'out/table.md').read_text()
    other = tiny_segmentor.save(tiny_segmentor.plain(num_classes=12), tmp_path / 'other.pth')
    options['judge'] = dict(config=teacher['config'], checkpoint=other)
    synthetic_study(configs / 'study.py', out='judged', cfg_options=options)
    assert f'--judge {teacher["config"]} {other}' in calls(tools / 'judged/data/scenes')[0]


def test_the_chart_is_a_picture():
    results = {arm: {seed: dict(mIoU=50 + seed, aAcc=90, classes=['sky', 'road'], IoU=[60 - seed, None])
                     for seed in range(2)} for arm in ARMS}
    for found in (results, {arm: {} for arm in ARMS}):
        image = chart(Findings('title', 'command', (0, 1), dict.fromkeys(ARMS, 5), found, dict(photos=4)))
        assert image.startswith(b'\x89PNG')


@pytest.mark.slow
def test_styles_are_encoded_first_where_the_generator_has_some(configs, tools, toycity, tmp_path):
    narrow('configs/pix2pixhd/pix2pixhd_styles_toycity.py', toycity).dump(tmp_path / 'styles.py')
    assert synthetic_study(configs / 'study.py', out='out', cfg_options={
        'generator.config': str(tmp_path / 'styles.py')}) == []
    model = 'out/generator.py out/generator/iter_1.pth'
    assert calls(tools / 'out/data/styles.npz') == [f'{model} --out out/data/styles.npz']
    assert calls(tools / 'out/data/scenes')[0].startswith(f'{model} --styles out/data/styles.npz --judge ')
    synthetic_study(configs / 'study.py', out='other', cfg_options={
        'generator.config': str(tmp_path / 'styles.py'), 'generator.styles': 'mine.npz'})
    assert f'{model.replace("out/", "other/")} --judge' in calls(tools / 'other/data/scenes')[0]
    assert '--styles mine.npz' in calls(tools / 'other/data/scenes')[0]
    assert not (tools / 'other/data/styles.npz').exists()


def test_a_verdict_needs_more_than_the_spread():
    assert [verdict(values) for values in ([3.0], [2, 4], [-2, -4], [1, -1], [0.5, 2.5], [])] == [
        'none', 'gain', 'loss', 'none', 'gain', 'none']


@pytest.mark.parametrize('path', sorted((ROOT / 'configs/synthetic_studies').glob('*.py')), ids=lambda path: path.stem)
def test_our_own_studies_name_configs_of_one_data_set(path):
    said = Config.fromfile(path)
    assert re.fullmatch(r'[a-z]+(_\d+)?(_dp_sims_style)?', path.stem) and 'photos' not in said.title
    generator, segmentor = (load_config(find_config(said[part].config)) for part in ('generator', 'segmentor'))
    assert generator.data_root == segmentor.data_root and generator.image_size == segmentor.image_size
    assert DATASETS.get(generator.train_dataloader.dataset.type)


def test_our_own_study_finds_the_data_where_its_configs_say(toycity, tmp_path, monkeypatch):
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/toycity').symlink_to(toycity)
    monkeypatch.chdir(tmp_path)
    plan = read_plan(find_config('semsynth::synthetic_studies/toycity_100.py'), dict(photos=2))
    assert plan.photos == 2 and plan.out_of == 4
    assert load_config(plan.generator).train_dataloader.dataset.most_scenes == 2


@pytest.mark.slow
def test_a_whole_study(configs, tmp_path, monkeypatch):
    """With the real tools: two steps of everything."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    assert synthetic_study(configs / 'study.py', out='out', cfg_options=dict(steps=2, per_map=2)) == []
    found = json.loads((tmp_path / 'out/results.json').read_text())
    assert found['images'] == 8 and all(len(arm['mIoU']['values']) == 1 for arm in found['arms'].values())
