
import numpy as np
import pytest
import torch
from PIL import Image

import semsynth.segmentors
from helpers.editor import CAR, PERSON, ROAD, SKY, first, state
from helpers.facts import facts
from helpers.narrow import make_camvid, narrow
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.editor import Editor
from semsynth.editor.labelling import build_segmentor
from semsynth.errors import DataError


def test_a_layout_in_files_is_what_the_inferencer_reads(plain, files):
    editor = Editor(plain)
    editor.open(*files[:2])
    [result] = plain([LayoutFile('x', *files[:2])])
    assert np.array_equal(editor.label, result['label']) and editor.label.dtype == np.uint8
    assert np.array_equal(editor.image, result['outputs']['image'].permute(1, 2, 0))
    assert editor.classes[CAR] == 'car' and editor.palette[CAR] == [0, 0, 142] and editor.things == {PERSON, CAR}
    again = Editor(plain)
    again.open(editor.label, editor.instance)
    assert np.array_equal(again.image, editor.image)


def test_the_image_follows_and_is_made_once_an_edit(editor, monkeypatch):
    calls = []
    synthesize = Inferencer.synthesize
    monkeypatch.setattr(Inferencer, 'synthesize', lambda *args, **named: calls.append(1) or synthesize(*args, **named))
    before = editor.image
    assert editor.image is not None and len(calls) == 1 and before.shape == (64, 64, 3) and before.dtype == np.uint8
    editor.brush([(10, 10), (50, 50)], 5, SKY)
    editor.brush([(50, 10), (10, 50)], 5, ROAD)
    assert len(calls) == 1
    assert not np.array_equal(editor.image, before) and len(calls) == 2
    with pytest.raises(ValueError, match='read-only'):
        editor.image[0] = 0
    editor.undo()
    editor.undo()
    assert np.array_equal(editor.image, before)


def test_sizes_need_no_multiple(inferencer):
    editor = Editor(inferencer)
    editor.open(np.full((37, 51), ROAD))
    editor.brush([(20, 20)], 4, CAR)
    assert editor.image.shape == (37, 51, 3)


def test_every_way_to_a_style(editor, inferencer, files):
    car, road, bank = first(editor, CAR), first(editor, ROAD), inferencer.styles
    drawn = editor.style_of(car)
    assert torch.equal(drawn, bank.pick(CAR, car, 0))
    editor.style(car, cluster=2)
    assert torch.equal(editor.style_of(car), bank.clusters(CAR)[2])
    editor.style(car, like=road)
    assert torch.equal(editor.style_of(car), editor.style_of(road))
    editor.style(car, vector=[0.5, -1, 0])
    assert editor.style_of(car).tolist() == [0.5, -1, 0]
    editor.style(car, seed=7)
    assert torch.equal(editor.style_of(car), bank.pick(CAR, car, 7))
    editor.style(car, photo=(files[2], files[0], files[1], road))
    found = inferencer.reader.read(*files)
    assert torch.equal(editor.style_of(car), inferencer.encode(found['photo'], found['label'], found['instance'])[road])
    for _ in range(5):
        editor.undo()
    assert torch.equal(editor.style_of(car), drawn) and not editor.can_undo


def test_a_style_changes_the_picture_and_stays_with_its_object(editor):
    car = first(editor, CAR)
    before = editor.image
    editor.style(car, vector=[1, 1, 1])
    assert not np.array_equal(editor.image, before)
    others = {found.id: editor.style_of(found.id).tolist() for found in editor.objects() if found.id != car}
    editor.move(car, 3, -2)
    editor.remove(first(editor, PERSON))
    editor.undo()
    editor.redo()
    assert editor.style_of(car).tolist() == [1, 1, 1]
    assert all(editor.style_of(found.id).tolist() == others[found.id] for found in editor.objects() if found.id != car)


def test_what_is_shown_is_what_is_said(editor, inferencer):
    """The image is that of the styles that style_of gives."""
    editor.style(first(editor, CAR), cluster=1)
    styles = {found.id: editor.style_of(found.id) for found in editor.objects()}
    result = inferencer.synthesize(editor.label.copy(), editor.instance.copy(), styles)
    assert np.array_equal(editor.image, result['outputs']['image'].permute(1, 2, 0))


def test_a_photo_gives_its_styles(inferencer, files):
    editor = Editor(inferencer)
    editor.open(*files)
    assert set(editor.scene.styles) == {found.id for found in editor.objects()}
    with pytest.raises(ValueError, match=r'The sizes .* differ: label \(64, 64\), .* photo \(48, 80\)'):
        editor.open(editor.label, editor.instance, np.asarray(Image.open(files[2])))


def test_pasting_from_another_layout(editor, toycity, inferencer):
    other = [str(toycity / f'gtFine/val/toycity/toycity_000001_000000_gtFine_{kind}.png')
             for kind in ('labelIds', 'instanceIds')]
    there = Editor(inferencer)
    there.open(*other)
    car, used = there.objects()[-1], {found.id for found in editor.objects()}
    new = editor.paste(*other, car.id, dx=1, dy=-1)
    assert new not in used and new // 1000 == inferencer.reader.label_space.to_id(car.class_index)
    left, top, right, bottom = car.box
    moved = np.zeros((64, 64), bool)
    moved[max(top - 1, 0):bottom - 1, left + 1:right + 1] = (there.instance == car.id)[top:bottom, left:right][
        max(1 - top, 0):, :64 - left - 1]
    assert np.array_equal(editor.instance == new, moved)
    with pytest.raises(ValueError, match='There is no object 5 in that layout'):
        editor.paste(*other, 5)


def test_photos_are_labelled(inferencer, files, toycity):
    segmentor = build_segmentor(narrow('configs/ecgan/ecgan_toycity.py', toycity))
    editor = Editor(inferencer, segmentor)
    editor.open_photo(files[2])
    assert editor.label.shape == (64, 64) and editor.scene.styles and editor.image.shape == (64, 64, 3)
    assert editor.from_photos == set(range(12))
    photo = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    editor.open_photo(photo)
    image = torch.from_numpy(photo).permute(2, 0, 1)[None] / 127.5 - 1
    assert np.array_equal(editor.label, segmentor(image)[0].argmax(0))
    for found in editor.objects():
        assert found.classes == 1
    with pytest.raises(ValueError, match='--segmentor CONFIG CHECKPOINT'):
        Editor(inferencer).open_photo(photo)


def test_classes_of_a_segmentor_become_indices():
    """Only those that the layout has; the first index that stands for one."""

    class Stub(semsynth.segmentors.Segmentor):
        def segment(self, images):
            return images, []  # the class 1, green, is none of the layout's

    photo = np.array([[[255, 0, 0], [0, 255, 9], [9, 255, 0], [0, 0, 255]]], np.uint8)
    segmentor = Stub(torch.nn.Identity(), num_classes=3, class_map=[2, 255, 0, 2])
    assert semsynth.segmentors.label_photo(segmentor, photo).tolist() == [[2, 0, 2, 0]]


def test_which_segmentor(toycity):
    config = narrow('configs/pix2pixhd/pix2pixhd_toycity.py', toycity)
    assert isinstance(build_segmentor(config), semsynth.segmentors.Segmentor)
    config.judge = config.model.segmentor = None
    with pytest.raises(ValueError, match=facts(
            'pix2pixhd_toycity.py', 'no segmentor', '--segmentor CONFIG CHECKPOINT')):
        build_segmentor(config)
    with pytest.raises(FileNotFoundError, match='nowhere'):
        build_segmentor(config, 'configs/segmentors/judge_toycity.py', 'nowhere.pth')


@pytest.mark.parametrize(('mistake', 'message'), [
    (lambda e, s, c: e.style(c, cluster=4), r'car has the clusters 0\.\.3, but cluster 4 was asked for'),
    (lambda e, s, c: e.style(c), 'style takes one of cluster, like, vector, photo, seed, not none of them'),
    (lambda e, s, c: e.style(c, cluster=1, seed=1), 'not cluster and seed'),
    (lambda e, s, c: e.style(c, like=5), 'There is no object 5 in the layout'),
    (lambda e, s, c: e.style(5, cluster=1), 'There is no object 5 in the layout'),
    (lambda e, s, c: e.style(c, vector=[1, 2]), r'A style of this model has 3 finite numbers, not \[1\.0, 2\.0\]'),
    (lambda e, s, c: e.style(c, vector=[1, 2, np.inf]), 'has 3 finite numbers, not'),
    (lambda e, s, c: e.style(c, vector='red'), "given as numbers, not as 'red'"),
    (lambda e, s, c: e.style(c, cluster='1'), r'car has the clusters 0\.\.3, but cluster 1 was asked for'),
    (lambda e, s, c: e.style(c, photo=(s[2], s[0])), 'photo has 2 parts, instead of a photo, its label map'),
    (lambda e, s, c: e.style(c, photo=(s[2], s[0], s[1], 5)), 'There is no object 5 in that layout'),
    (lambda e, s, c: e.open('nowhere.png'), r'nowhere\.png does not exist'),
    (lambda e, s, c: e.open(s[0], np.zeros((9, 9), int)), 'are to be files, which are resized, or all arrays'),
    (lambda e, s, c: e.open(np.zeros((9, 9))), r'label is an array \(9, 9\) of float64, instead of \(H, W\) integers'),
    (lambda e, s, c: e.open(np.full((9, 9), 12)), r'label has the indices 12\.\.12, but there are 12 classes, 0\.\.11'),
    (lambda e, s, c: e.open(np.zeros((9, 9), int), np.zeros((8, 9), int)), r'label \(9, 9\), instance \(8, 9\)'),
    (lambda e, s, c: e.open(np.zeros((9, 9), int), photo=np.zeros((9, 9))), r'photo is an array \(9, 9\) of float64'),
    (lambda e, s, c: e.open(s[2]), r'has colours \(its mode is RGB\), but a map of ids has one channel')])
def test_mistakes_change_nothing(editor, files, mistake, message):
    editor.remove(first(editor, PERSON))
    before = state(editor)
    with pytest.raises(ValueError, match=message):
        mistake(editor, files, first(editor, CAR))
    assert state(editor) == before and editor.can_undo


def test_models_without_styles(plain, files):
    editor = Editor(plain)
    editor.open(*files[:2])
    for mistake in (lambda: editor.style(first(editor, CAR), cluster=1), lambda: editor.style_of(first(editor, CAR)),
                    lambda: editor.open(*files)):
        with pytest.raises(ValueError, match='The model was trained without styles'):
            mistake()


def test_models_without_a_bank(inferencer, files, monkeypatch):
    monkeypatch.setattr(inferencer.model, 'styles', None)
    editor = Editor(inferencer)
    editor.open(*files[:2])
    car = first(editor, CAR)
    assert editor.style_of(car).tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match=facts('no file of styles', 'semsynth encode_styles')):
        editor.style(car, cluster=0)
    editor.style(car, vector=[1, 0, 0])
    assert editor.image.shape == (64, 64, 3)


def test_models_without_instances(tmp_path):
    """Objects are the classes, but for those that the data set calls things; an export has no endings of its own."""
    config = narrow('configs/pix2pixhd/pix2pixhd_camvid.py', make_camvid(tmp_path))
    config.model.encoder = dict(type='InstanceFeatureEncoder', out_channels=3, base_channels=4, num_downsamples=2)
    config.test_dataloader.dataset.things = ['Car']
    editor = Editor(Inferencer(config, None, device='cpu'))
    label = np.full((40, 40), 3)
    label[5:9, 5:9] = label[20:30, 20:30] = 8
    editor.open(label)
    assert [(found.id, found.area) for found in editor.objects()] == [(3, 1600 - 116), (8000, 16), (8001, 100)]
    before = editor.image
    editor.style(8000, vector=[1, 0, -1])
    assert editor.style_of(8001).tolist() == [1, 0, -1]  # the car's class has the style
    assert not np.array_equal(editor.image, before)
    editor.remove(8000)
    assert editor.style_of(8001).tolist() == [1, 0, -1]
    paths = editor.export(tmp_path / 'out', 'mine')
    assert sorted(path.name for path in paths.values()) == ['mine.png', 'mine_instance.png', 'mine_label.png']
    again = Editor(editor.inferencer)
    again.open(paths['label'], paths['instance'])
    assert again.label.shape == (64, 64)  # files are resized to what the model reads
    with pytest.raises(ValueError, match='There is no class 12'):
        editor.relabel(3, 12)


def test_styles_of_classes_outlive_edits_and_stay_apart_from_those_of_objects(tmp_path):
    config = narrow('configs/pix2pixhd/pix2pixhd_camvid.py', make_camvid(tmp_path))
    config.model.encoder = dict(type='InstanceFeatureEncoder', out_channels=3, base_channels=4, num_downsamples=2)
    editor = Editor(Inferencer(config, None, device='cpu'))
    label = np.full((40, 40), 3)
    label[:9], label[30:] = 0, 8
    rng = np.random.default_rng(0)
    editor.open(label, np.zeros_like(label), rng.integers(256, size=(40, 40, 3), dtype=np.uint8))  # one id for all
    before = dict(editor.scene.styles)
    assert before.keys() == {0, 3, 8}
    editor.brush([(20, 20)], 2, 5)
    assert editor.scene.styles == before
    editor.save(tmp_path / 'scene.npz')
    config.model.data_preprocessor.instances = True
    other = Editor(Inferencer(config, None, device='cpu'))
    with pytest.raises(DataError, match=facts('styles of classes', 'styles of objects')):
        other.load(tmp_path / 'scene.npz')


def test_lists_are_arrays(plain):
    editor = Editor(plain)
    editor.open([[ROAD, ROAD], [SKY, ROAD]])
    assert editor.label.tolist() == [[ROAD, ROAD], [SKY, ROAD]]


def test_models_of_image_like_inputs(toycity):
    config = narrow('configs/pix2pixhd/pix2pixhd_edges_toycity.py', toycity)
    with pytest.raises(ValueError, match='The model reads image-like inputs, no label maps'):
        Editor(Inferencer(config, None, device='cpu'))
