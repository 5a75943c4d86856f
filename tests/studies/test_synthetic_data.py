import copy
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from PIL import Image

from helpers import tiny_segmentor
from helpers.facts import facts
from helpers.trained import trained
from semsynth.config import load_config
from semsynth.data import quick_check
from semsynth.registry import DATASETS, SEGMENTORS
from semsynth.segmentors import MMSegSegmentor
from semsynth.studies.synthetic_data import find_maps, judge_config, make_synthetic_data

EMPTY = dict(mean_loss=None, threshold=None, accuracy=None, ignored=None)

OASIS = 'configs/oasis/oasis_toycity.py'


@pytest.fixture(scope='module')
def oasis(toycity, tmp_path_factory):
    return trained(OASIS, toycity, tmp_path_factory.mktemp('oasis'))


@pytest.fixture(scope='module')
def judge(tmp_path_factory):
    """Config and weights of a judge of 12 classes, as --judge names them."""
    return judge_of(tmp_path_factory.mktemp('judge'), 12)


def judge_of(folder, num_classes):
    torch.manual_seed(0)
    (folder / 'judge.py').write_text(f'model = {tiny_segmentor.config(num_classes)!r}')
    weights = tiny_segmentor.save(tiny_segmentor.plain(num_classes=num_classes), folder / 'judge.pth')
    return judge_config(str(folder / 'judge.py'), weights)


def read(path):
    return np.asarray(Image.open(path))


@pytest.fixture(scope='module')
def made(oasis, judge, tmp_path_factory):
    out = tmp_path_factory.mktemp('made') / 'many'
    return make_synthetic_data(oasis, find_maps(oasis), out, judge=judge, per_map=3)


def test_labels_are_the_maps_without_what_the_judge_disagrees_on(made, oasis, judge):
    network = MMSegSegmentor(judge['config'], judge['checkpoint'])
    losses, labels, said = {}, {}, {}
    for layout in find_maps(oasis):
        label = oasis.reader.read(layout.label)['label']
        for path in sorted((made.out / 'images/train').glob(f'{layout.name}_*.png')):
            name = path.relative_to(made.out / 'images/train').as_posix()
            with torch.no_grad():
                found = network(torch.tensor(read(path)).permute(2, 0, 1)[None] / 127.5 - 1)[0].numpy()
            losses[name] = -np.log(np.take_along_axis(found, label[None].astype(int), 0)[0].astype(float))
            labels[name], said[name] = label, found.argmax(0)
    assert len(losses) == made.note['images'] == 12
    every_loss, every_label, every_said = (np.concatenate([part.ravel() for part in each.values()])
                                           for each in (losses, labels, said))
    means = np.array([every_loss[every_label == kind].sum() / max((every_label == kind).sum(), 1)
                      for kind in range(12)])
    pixels = np.bincount(every_label, minlength=12)
    right = np.bincount(every_label[every_said == every_label], minlength=12)
    for kind, each in enumerate(made.note['classes']):
        assert each['pixels'] == pixels[kind]
        if not pixels[kind]:
            assert each == dict(name=each['name'], pixels=0) | EMPTY
            continue
        assert each['mean_loss'] == pytest.approx(means[kind], rel=1e-4)
        assert each['threshold'] == pytest.approx(1.25 * means[kind], rel=1e-4)
        assert each['accuracy'] == pytest.approx(right[kind] / pixels[kind], abs=1e-3)
    assert made.note['accuracy'] == pytest.approx(right.sum() / pixels.sum(), abs=1e-3)
    assert not (made.out / '.lock').exists()
    left_out = 0
    for name, loss in losses.items():
        out = loss > 1.25 * means[labels[name]]
        near = np.abs(loss / np.maximum(means[labels[name]], 1e-9) - 1.25) < 1e-4
        written = read(made.out / 'labels/train' / name)
        assert (written == np.where(out, 255, labels[name]))[~near].all() and out.any()
        assert made.note['scenes'][name[:-4]]['ignored'] == pytest.approx((written == 255).mean(), abs=1e-4)
        left_out += (written == 255).sum()
    assert made.note['ignored'] == pytest.approx(left_out / every_label.size)
    assert sum(each['pixels'] for each in made.note['classes']) == every_label.size == made.note['pixels']


def test_hard_maps_have_more_images_and_no_two_are_alike(made):
    maps = [scene['map'] for scene in made.note['scenes'].values()]
    assert sorted(maps.count(each) for each in set(maps)) == [1, 2, 4, 5]
    pictures = {read(path).tobytes() for path in made.out.glob('images/train/*/*.png')}
    assert len(pictures) == 12


def test_objects_come_along(made, oasis):
    name, scene = next(iter(made.note['scenes'].items()))
    [layout] = [layout for layout in find_maps(oasis) if layout.name == scene['map']]
    assert layout.instance is None and not (made.out / 'instances').exists()  # OASIS reads none
    layout.instance = layout.label.replace('labelIds', 'instanceIds')
    found = make_synthetic_data(oasis, [layout], made.out.parent / 'objects', filtered=False, per_map=1)
    expected = oasis.reader.read(layout.label, layout.instance)['instance']
    assert (read(found.out / f'instances/train/{layout.name}_1.png') == expected).all()
    assert found.note['dataset']['instances'] and name


def test_segmentors_train_on_it_by_our_config_and_by_mmsegs(made):
    ours = load_config(made.config)
    with DefaultScope.overwrite_default_scope('semsynth'):
        scenes = DATASETS.build(ours.train_dataloader.dataset)
    quick_check(scenes)
    assert scenes.metainfo['classes'][:3] == ('road', 'sidewalk', 'building') and len(scenes.metainfo['classes']) == 12
    theirs = Config.fromfile(made.out / f'mmseg_{made.config.name}')
    with DefaultScope.overwrite_default_scope('mmseg'):
        from mmseg.registry import DATASETS as OF_MMSEG
        other = OF_MMSEG.build({**theirs.train_dataloader.dataset, 'pipeline': [
            part for part in theirs.synthetic.pipeline if part.type not in ('RandomFlip', 'PhotoMetricDistortion')]})
    assert len(other) == len(scenes) == 12 and other.metainfo['classes'] == scenes.metainfo['classes']
    for index in range(12):
        item = other[index]['data_samples']
        name = Path(item.img_path).relative_to(made.out / 'images')
        assert (item.gt_sem_seg.data[0].numpy() == read(made.out / 'labels' / name)).all()
    own = scenes[0]['data_samples']
    label = read(Path(own.img_path.replace('/images/', '/labels/')))
    assert any((own.gt_sem_seg.data[0].numpy() == each).all() for each in (label, label[:, ::-1]))


@pytest.mark.slow
def test_what_was_cut_off_goes_on_and_gives_the_same(made, oasis, judge, tmp_path, monkeypatch):
    shutil.copytree(made.out, tmp_path / 'many')
    paths = sorted((tmp_path / 'many').rglob('*.png'))
    whole = {path: path.read_bytes() for path in paths}
    note = json.loads((tmp_path / 'many/synthetic.json').read_text())
    (tmp_path / 'many/synthetic.json').write_text(json.dumps(dict(settings=note['settings'], done=False)))
    for path in paths[::3]:
        path.unlink()
    again = make_synthetic_data(oasis, find_maps(oasis), tmp_path / 'many', judge=judge, per_map=3)
    assert {path: path.read_bytes() for path in sorted((tmp_path / 'many').rglob('*.png'))} == whole
    assert again.note == note
    monkeypatch.setattr(oasis, 'synthesize', None)  # nothing is made once it is whole
    assert make_synthetic_data(oasis, find_maps(oasis), tmp_path / 'many', judge=judge, per_map=3).note == note


def test_nothing_is_overwritten(made, oasis, judge, tmp_path):
    with pytest.raises(ValueError, match=facts(made.out, 'per_map=3, now 2', 'another folder')):
        make_synthetic_data(oasis, find_maps(oasis), made.out, judge=judge, per_map=2)
    (tmp_path / 'mine.txt').touch()
    with pytest.raises(ValueError, match=facts(tmp_path, 'not empty', 'synthetic.json', 'another folder')):
        make_synthetic_data(oasis, find_maps(oasis), tmp_path, judge=judge)
    assert [path.name for path in tmp_path.iterdir()] == ['mine.txt']
    (tmp_path / 'synthetic.json').write_text('[]')
    with pytest.raises(ValueError, match=facts('not empty')):
        make_synthetic_data(oasis, find_maps(oasis), tmp_path, judge=judge)
    with pytest.raises(ValueError, match='holds the data set'):
        make_synthetic_data(oasis, find_maps(oasis), Path(find_maps(oasis)[0].label).parent / 'out', judge=judge)


def test_a_judge_that_training_has_seen_is_refused(oasis, judge, tmp_path, monkeypatch):
    seen = MMSegSegmentor(judge['config'], judge['checkpoint']).weights_hash
    for meta, what in ((dict(label_generator=seen), 'the label generator'), (dict(loss_networks={seen: 'Net'}), 'Net')):
        monkeypatch.setattr(oasis, 'meta', meta)
        with pytest.raises(ValueError, match=facts('The judge', seen, what, '--judge')):
            make_synthetic_data(oasis, find_maps(oasis), tmp_path / 'out', judge=judge)
    assert not (tmp_path / 'out').exists()


def test_what_cannot_be_made(oasis, judge, tmp_path, monkeypatch):
    maps = find_maps(oasis)
    for arguments in (dict(per_map=0), dict(margin=0)):
        with pytest.raises(ValueError, match=facts(f'{next(iter(arguments))}=0, expected')):
            make_synthetic_data(oasis, maps, tmp_path / 'out', judge=judge, **arguments)
    monkeypatch.setattr(oasis, 'config', copy.deepcopy(oasis.config))
    oasis.config.judge = None
    with pytest.raises(ValueError, match=facts('who judges', '--judge', '--no-filter')):
        make_synthetic_data(oasis, maps, tmp_path / 'out')
    oasis.config.train_dataloader = None
    with pytest.raises(ValueError, match=facts('which label maps', '--layouts')):
        find_maps(oasis)


def test_label_maps_may_be_any_and_those_of_training_some(oasis, toycity, tmp_path, monkeypatch):
    [first, *_] = find_maps(oasis)
    shutil.copy(first.label, tmp_path / 'edited_gtFine_labelIds.png')
    assert [layout.name for layout in find_maps(oasis, [tmp_path])] == ['edited']
    monkeypatch.setitem(oasis.config.train_dataloader.dataset, 'indices', [0, 2])
    assert len(find_maps(oasis)) == 2
    with pytest.raises(ValueError, match=facts('instances', '--layouts')):
        find_maps(oasis, instances=tmp_path)
    monkeypatch.setitem(oasis.config.train_dataloader.dataset, 'data_root', str(tmp_path / 'gone'))
    with pytest.raises(ValueError, match=facts('gone', 'Or name label maps', '--layouts')):
        find_maps(oasis)
    monkeypatch.setitem(oasis.config.train_dataloader, 'dataset', dict(type='MixedScenes', datasets=[dict(
        type='ToyCityDataset', data_root=str(toycity), split='train', size=(64, 64))]))
    with pytest.raises(ValueError, match=facts('which label maps', '--layouts')):
        find_maps(oasis)


def test_a_model_that_draws_nothing_makes_one_image_of_each_map(toycity, judge, tmp_path):
    plain = trained('configs/crn/crn_toycity.py', toycity, tmp_path / 'crn')
    with pytest.raises(ValueError, match=facts('per_map=2', 'neither a latent nor styles', '--per-map 1')):
        make_synthetic_data(plain, find_maps(plain), tmp_path / 'out', judge=judge, per_map=2)
    made = make_synthetic_data(plain, find_maps(plain), tmp_path / 'out', judge=judge)
    assert (made.note['images'], made.note['settings']['per_map']) == (4, 1)


def test_without_a_filter_label_maps_are_whole(oasis, tmp_path):
    made = make_synthetic_data(oasis, find_maps(oasis)[:2], tmp_path / 'out', filtered=False, per_map=2)
    assert (made.note['images'], made.note['ignored'], made.note['classes']) == (4, 0, [])
    for layout in find_maps(oasis)[:2]:
        for number in (1, 2):
            written = read(tmp_path / f'out/labels/train/{layout.name}_{number}.png')
            assert (written == oasis.reader.read(layout.label)['label']).all()


def sized(folder, judge, size):
    folder.mkdir(exist_ok=True)
    (folder / 'judge.py').write_text(f'model = {tiny_segmentor.config(12, size=size)!r}')
    return judge | dict(config=str(folder / 'judge.py'))


def test_the_judge_looks_at_the_size_of_its_training(oasis, judge, tmp_path, recwarn, monkeypatch):
    built, build = [], SEGMENTORS.build
    monkeypatch.setattr(SEGMENTORS, 'build', lambda *given, **more: built.append(given) or build(*given, **more))
    maps = find_maps(oasis)[:1]
    height, width = oasis.reader.size

    def losses(name, its):
        note = make_synthetic_data(oasis, maps, tmp_path / name, judge=its, per_map=1).note
        return note['settings']['judge_size'], [each['mean_loss'] for each in note['classes']]

    half = [height // 2, width // 2]
    plain, found = losses('plain', judge), losses('half', sized(tmp_path / '1', judge, half))
    assert len(built) == 2  # once for each: its weights are read once
    assert plain[0] is None and found[0] == half and found[1] != plain[1]
    assert found == losses('named', judge | dict(input_size=half))
    assert plain == losses('same', sized(tmp_path / '2', judge, (height, width)))
    assert plain == losses('as they are', sized(tmp_path / '1', judge, half) | dict(input_size=(height, width)))
    assert not [each for each in recwarn if 'judge' in str(each.message)]
    with pytest.warns(UserWarning, match=facts('judge', '32x64', f'{height}x{width}', '--judge-size', 'input_size')):
        assert losses('other', sized(tmp_path / '3', judge, (32, 64))) == plain


@pytest.mark.slow
def test_a_segmentor_that_numbers_classes_otherwise(toycity, tmp_path):
    """Cityscapes: 35 indices, of which 19 are evaluated; mmseg reads label maps by its numbers."""
    model = trained('configs/oasis/oasis_cityscapes.py', toycity, tmp_path / 'model')
    judge = judge_of(tmp_path, 19) | dict(class_map='cityscapes_35_to_19')
    made = make_synthetic_data(model, find_maps(model)[:1], tmp_path / 'out', judge=judge, per_map=1)
    [name] = made.note['scenes']
    label, kinds = (read(tmp_path / f'out/{folder}/train/{name}.png') for folder in ('labels', 'classes'))
    table = np.array([*MMSegSegmentor(**{key: judge[key] for key in ('config', 'checkpoint', 'class_map')}).table, 255])
    assert (kinds == np.where(label == 255, 255, table[np.minimum(label, 35)])).all() and len(np.unique(kinds)) > 3
    config = Config.fromfile(tmp_path / 'out/mmseg_out.py')
    assert len(config.classes) == 19 and config.classes[:2] == ('road', 'sidewalk')
    assert config.synthetic.data_prefix.seg_map_path == 'classes/train'


@pytest.mark.slow
def test_the_command(oasis, judge, toycity, run_tool, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    oasis.config.dump('oasis.py')
    what = ('oasis.py', oasis.checkpoint, '--out', 'made', '--per-map', '1', '--judge', judge['config'],
            judge['checkpoint'])
    code, out, err = run_tool('synthetic_data', *what)
    assert code == 0 and '4 images of 4 label maps, one of each' in out and 'check_dataset made/made.py' in out, err
    assert run_tool('synthetic_data', *what, '--no-filter')[0] == 2
    assert run_tool('synthetic_data', *what, 'third')[0] == 2
    code, _, err = run_tool('synthetic_data', *what, '--seed', '5')
    assert code == 1 and 'seed=0, now 5' in err
