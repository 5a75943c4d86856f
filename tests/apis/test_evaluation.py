import copy
import csv
import hashlib
import json
import os
import re
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

from helpers import tiny_segmentor
from helpers.facts import facts
from helpers.narrow import narrow
from helpers.ranks import run_ranks
from semsynth.apis import train
from semsynth.apis.evaluation import evaluate
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.style_encoding import encode_styles
from semsynth.apis.synthesis import synthesize
from semsynth.config import load_config
from semsynth.data import ToyCityDataset
from semsynth.data.pictures import read_ids, read_photo
from semsynth.label_spaces import LabelSpace
from semsynth.registry import SEGMENTORS
from semsynth.segmentors.config import model_config
from semsynth.studies.comparison import compare
from semsynth.weights import load_checkpoint

CONFIG = 'configs/ecgan/ecgan_toycity.py'


@pytest.fixture(scope='module')
def settings(toycity, tmp_path_factory):
    """Judges of one file's weights; a scene a batch, and an odd number of scenes for two ranks."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        network = MODELS.build(model_config(tiny_segmentor.config(12)))
    path = tiny_segmentor.save(network, tmp_path_factory.mktemp('judge') / 'judge.pth')
    return narrow(CONFIG, toycity, **{f'test_evaluator.{i}.judge.checkpoint': path for i in range(2)},
                  **{'test_dataloader.batch_size': 1})


@pytest.fixture(scope='module')
def trained(settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp('trained')
    train(settings, work_dir=folder)
    return folder / 'iter_1.pth'


def test_the_result_file(settings, trained, capsys):
    report = evaluate(settings, trained)
    path = trained.parent / 'results_iter_1.json'
    text = path.read_text()
    assert text.startswith('{ "judge": "independent: no judge has the weights of the losses\' label generator')
    written = json.loads(text)
    assert written['scores'] == report['scores']
    assert set(written['scores']) == {'mIoU', 'aAcc', 'oracle_mIoU', 'oracle_aAcc', 'frechet_judge',
                                      'oracle_frechet_judge'}
    assert written['checkpoint'] == str(trained) and written['iterations'] == 1
    assert written['device'] == 'CPU'
    assert written['losses'] == dict(
        similarity='all pairs of the pixels at 1/4 of the size',
        contrastive='at most 1024 pixels, 64 a class and rank, drawn anew at every step, with each other and with 64 '
                    'past ones a class (per_step=4, hardness=2)')
    assert [part['protocol']['num_images'] for part in written['evaluators']] == [5, 5]
    folder = trained.parent / 'results_iter_1_images'
    lines = list(csv.DictReader((folder / 'images.csv').read_text().splitlines()))
    assert len(lines) == 5 and lines[0]['name'].startswith('toycity/')
    worst = sorted(lines, key=lambda line: float(line['aAcc']))
    page = (folder / 'worst.html').read_text()
    shown = [page.index(f'>{line["name"]}<') for line in worst]
    assert shown == sorted(shown) and page.count('<img') == 5 * 5
    shares = [f'{float(worst[0][name]):.1f}\N{NO-BREAK SPACE}%' for name in ('aAcc', 'oracle_aAcc')]
    assert f'{shares[0]} of the pixels recognised ({shares[1]} in the real photo)' in page
    assert f'Most unrecognised pixels: {worst[0]["most_wrong"]}, ' in page
    assert f'Written to {path}' in ' '.join(capsys.readouterr().out.split()).replace('- ', '')


@pytest.mark.slow
def test_a_models_images_in_a_folder_get_the_models_scores(settings, trained, tmp_path):
    inferencer = Inferencer(settings, trained, 'cpu')
    layouts = inferencer.find([str(Path(settings.data_root, 'gtFine/val'))])
    synthesize(inferencer, layouts, tmp_path / 'made')
    report = evaluate(settings, images=tmp_path / 'made', out=tmp_path / 'images.json')
    model = evaluate(settings, trained, out=tmp_path / 'model.json')
    assert report['scores'] == pytest.approx(model['scores'], rel=1e-3)
    assert report['images']['fitted'] is None and report['scenes'] == model['scenes']
    assert [each['protocol'] for each in report['evaluators']] == [each['protocol'] for each in model['evaluators']]
    compare([tmp_path / 'model.json', tmp_path / 'images.json'])


@pytest.mark.slow
def test_a_result_replaces_its_like_alone(settings, trained, toycity, tmp_path):
    checkpoint = Path(shutil.copy(trained, tmp_path / 'm.pth'))
    judge = lambda options=None, **more: evaluate(settings, checkpoint, cfg_options=options, **more)['settings']
    names = lambda: {path.name for path in tmp_path.glob('*.json')}
    options = {'test_dataloader.dataset.split': 'train'}
    split = judge(options)
    assert names() == {f'results_m_{split}.json'}  # results_m.json is left to the config's own, whichever comes first
    first = judge()
    size = judge({'test_evaluator.0.size': (32, 32)})
    root = judge(dict(data_root=str(shutil.copytree(toycity, tmp_path / 'city'))))
    assert names() == {'results_m.json', *(f'results_m_{other}.json' for other in (split, size, root))}
    assert [json.loads((tmp_path / f'results_m{end}.json').read_text())['settings']
            for end in ('', f'_{split}', f'_{size}')] == [first, split, size]
    assert judge({'test_dataloader.batch_size': 2}) == first and judge(options) == split and len(names()) == 4
    other = load_checkpoint(checkpoint)
    other['state_dict']['generator.head.edge_branch.last.bias'] += 1
    torch.save(other, checkpoint)
    assert judge() not in (first, split) and len(names()) == 5


@pytest.mark.slow
def test_a_file_that_is_no_such_result_is_not_replaced(settings, trained, tmp_path):
    for content in ('{}', 'text', '{"settings": "other"}'):
        (tmp_path / 'file.json').write_text(content)
        with pytest.raises(ValueError, match=facts('file.json', 'something else')):
            evaluate(settings, trained, out=tmp_path / 'file.json')
        assert (tmp_path / 'file.json').read_text() == content
    for out, reason in ((trained, 'is read, and writing would replace it'), (tmp_path, 'is a folder, but a file')):
        with pytest.raises(ValueError, match=reason):
            evaluate(settings, trained, out=out)


@pytest.mark.slow
def test_two_ranks_share_the_set_and_report_the_same(settings, trained, tmp_path):
    evaluate(settings, trained, out=tmp_path / 'one.json')
    assert run_ranks(_evaluate, 2, settings, trained, tmp_path) == [0, 0]
    assert json.loads((tmp_path / 'two.json').read_text()) == json.loads((tmp_path / 'one.json').read_text())


def _evaluate(settings, checkpoint, folder):
    os.chdir(folder)  # where mmengine puts the ranks' results
    evaluate(settings, checkpoint, out=folder / 'two.json', launcher='pytorch')


@pytest.mark.slow
def test_full_size_is_one_setting_of_the_judge(settings, trained, toycity, tmp_path):
    """Labels and photos of 48x80 on disk, a model of 64x64; the other evaluator goes on as it did."""
    plain = evaluate(settings, trained, out=tmp_path / 'plain.json')
    report = evaluate(settings, trained, out=tmp_path / 'full.json',
                      cfg_options={'test_evaluator.0.full_size': True})
    same = [name for name in plain['scores'] if 'frechet' in name]
    assert {name: report['scores'][name] for name in same} == {name: plain['scores'][name] for name in same}
    assert report['scores']['mIoU'] != plain['scores']['mIoU']
    assert report['evaluators'][0]['protocol']['size'] == "each label map's own, as on disk"

    judge = SEGMENTORS.build(settings.test_evaluator[0].judge)
    right, total = 0, 0
    for path in (toycity / 'gtFine/val').rglob('*labelIds.png'):
        label = torch.from_numpy(LabelSpace(ToyCityDataset.classes, id_map=ToyCityDataset.id_map).to_indices(
            read_ids(path), path)).long()
        photo = read_photo(str(path).replace('gtFine_labelIds', 'leftImg8bit').replace('gtFine', 'leftImg8bit'))
        assert label.shape == (48, 80)
        image = torch.from_numpy(photo[..., ::-1].copy()).permute(2, 0, 1)[None] / 127.5 - 1
        right, total = right + int((judge(image)[0].argmax(0) == label).sum()), total + label.numel()
    assert report['scores']['oracle_aAcc'] == pytest.approx(100 * right / total)


def test_the_untrained_generator_is_the_same_every_time(settings, tmp_path):
    options = dict(work_dir=str(tmp_path / 'run'))
    first = evaluate(settings, None, cfg_options=options)
    torch.rand(1)
    assert evaluate(settings, None, cfg_options=options)['scores'] == first['scores']
    written = json.loads((tmp_path / 'run' / 'results_untrained.json').read_text())
    assert (written['checkpoint'], written['iterations']) == ('untrained', 0)


def test_who_forgets_the_checkpoint_is_told_its_name(settings, trained, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr('semsynth.apis.building.print_log', lambda message, **_: told.append(message))
    path = tmp_path / 'mine.py'
    settings.dump(path)
    options = {'work_dir': str(trained.parent), 'test_evaluator': None}
    with pytest.raises(ValueError, match='no test_evaluator'):
        evaluate(path, cfg_options=options)
    assert len(told) == 1 and re.search(facts(path, 'not trained', trained), told[0])


@pytest.mark.slow
def test_layouts_without_photos_are_judged_without_an_oracle(settings, toycity, trained, tmp_path):
    shutil.copytree(toycity / 'gtFine', tmp_path / 'city' / 'gtFine')
    report = evaluate(settings, trained, out=tmp_path / 'out.json', cfg_options=dict(data_root=str(tmp_path / 'city')))
    assert set(report['scores']) == {'mIoU', 'aAcc'}


@pytest.mark.slow
def test_a_photos_own_styles_do_not_leak_into_its_scores(settings, toycity, tmp_path):
    """The styles are drawn from a file, which the result file names, by the samples' names."""
    config = narrow('configs/pix2pixhd/pix2pixhd_styles_toycity.py', toycity)
    config.test_evaluator = settings.test_evaluator
    train(config, work_dir=tmp_path)
    checkpoint = tmp_path / 'iter_1.pth'
    for path in (checkpoint, None):
        with pytest.raises(ValueError, match=facts('semsynth encode_styles', '--styles')):
            evaluate(config, path)
    bank, styles = encode_styles(Inferencer(config, checkpoint, 'cpu'), clusters=2)
    report = evaluate(config, checkpoint, styles=styles)
    assert report['styles'] == dict(file=str(styles), hash=hashlib.sha256(styles.read_bytes()).hexdigest()[:16])
    assert evaluate(config, checkpoint, styles=styles, cfg_options={'test_dataloader.batch_size': 3})[
        'scores']['mIoU'] == pytest.approx(report['scores']['mIoU'])
    bank.centres += 0.5
    bank.save(tmp_path / 'moved.npz')
    moved = evaluate(config, checkpoint, styles=tmp_path / 'moved.npz')
    assert moved['styles']['hash'] != report['styles']['hash']
    assert moved['scores']['frechet_judge'] != report['scores']['frechet_judge']
    assert moved['scores']['oracle_mIoU'] == report['scores']['oracle_mIoU']


def test_mistakes(settings, trained, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'There is no checkpoint .*nowhere\.pth'):
        evaluate(settings, tmp_path / 'nowhere.pth')
    with pytest.raises(ValueError, match=r'iter_1\.pth does not fit the model of .*ecgan_toycity\.py'):
        evaluate(settings, trained, cfg_options={'model.generator.base_channels': 6})
    with pytest.raises(ValueError, match='has no test_evaluator: say how results are judged'):
        evaluate(settings, trained, cfg_options=dict(test_evaluator=None))


def test_weights_that_are_not_finite_give_no_scores_and_no_images(settings, trained, tmp_path):
    stored = load_checkpoint(trained)
    stored['state_dict']['generator.head.edge_branch.last.bias'][1] = float('nan')
    torch.save(stored, tmp_path / 'broken.pth')
    for use in (lambda path: evaluate(settings, path, out=tmp_path / 'out.json'),
                lambda path: Inferencer(settings, path, device='cpu')):
        with pytest.raises(ValueError, match=r'broken\.pth holds weights that are not finite, first of all '
                                             r'generator\.head\.edge_branch\.last\.bias: nothing can be computed'):
            use(tmp_path / 'broken.pth')
    assert not (tmp_path / 'out.json').exists()


@pytest.mark.slow
def test_a_judge_that_training_knew_is_named(settings, tmp_path):
    settings = load_config(settings, {'model.segmentor.checkpoint': settings.test_evaluator[0].judge.checkpoint})
    train(settings, work_dir=tmp_path)
    report = evaluate(settings, tmp_path / 'iter_1.pth')
    assert report['judge'].startswith('NOT INDEPENDENT: judge, frechet_judge')
    assert (tmp_path / 'results_iter_1.json').read_text().startswith('{ "judge": "NOT INDEPENDENT')


def test_layouts_that_a_judge_cannot_judge_are_refused_before_it_begins(settings, trained):
    config = copy.deepcopy(settings)
    config.model.data_preprocessor.update(unknown=3)
    with pytest.raises(ValueError, match=r'segmentor: the layout has 12 classes \(unknown: 3\).*give it a class_map'):
        evaluate(config, trained, out=trained.parent / 'never.json')
    assert not (trained.parent / 'never.json').exists()
