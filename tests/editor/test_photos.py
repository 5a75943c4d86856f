"""Real photos that stay real, looks, and empty canvases."""

import cv2
import numpy as np
import pytest
import torch

from helpers.editor import CAR, PERSON, ROAD, SKY, first, state
from helpers.facts import facts
from helpers.narrow import narrow
from semsynth.apis.inferencer import Inferencer
from semsynth.data.pictures import read_photo
from semsynth.editor import Editor
from semsynth.errors import DataError
from semsynth.seeds import draw_latents


@pytest.fixture(scope='module')
def latent(toycity):
    """A model with a latent, an encoder of it, and a fixed size."""
    torch.manual_seed(0)
    return Inferencer(narrow('configs/spade/spade_vae_toycity.py', toycity), None, device='cpu')


@pytest.fixture
def scene(plain):
    """A layout of two halves, and its photo."""
    label = np.full((64, 64), ROAD)
    label[:, 32:] = SKY
    photo = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    return label, None, photo


def outside(mask, feather):
    """The pixels that are farther from a mask than its rim is wide."""
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) >= feather + 1.5


def test_an_edit_replaces_its_pixels_and_a_rim_and_nothing_else(plain, scene):
    editor = Editor(plain)
    editor.open(*scene, keep_photo=True, feather=4)
    assert np.array_equal(editor.image, scene[2])
    mask = np.zeros((64, 64), bool)
    mask[10:20, 10:20] = True
    editor.paint(mask, CAR)
    image, far = editor.image, outside(mask, 4)
    assert far.sum() > 2000 and np.array_equal(image[far], scene[2][far])
    whole = Editor(plain)
    whole.open(editor.label, editor.instance)
    assert np.array_equal(image[mask], whole.image[mask])
    assert not np.array_equal(image[~far & ~mask], scene[2][~far & ~mask])
    editor.undo()
    assert np.array_equal(editor.image, scene[2])
    editor.redo()
    assert np.array_equal(editor.image, image)


@pytest.mark.parametrize('edit', ['move', 'remove', 'style', 'relabel', 'same class'])
def test_what_counts_as_edited(inferencer, files, edit):
    editor = Editor(inferencer)
    editor.open(*files, keep_photo=True, feather=0)
    photo, car = editor.image, first(editor, CAR)
    mask = editor.instance == car
    if edit == 'move':
        editor.move(car, 5, -3)
        mask |= editor.instance == car
    elif edit == 'remove':
        editor.remove(car)
    elif edit == 'style':
        editor.style(car, cluster=1)
    elif edit == 'relabel':
        editor.relabel(car, PERSON)
    else:
        editor.paint(mask, CAR, car)
    assert editor.can_undo and np.array_equal(editor.scene.kept.edited, mask)
    changed = cv2.resize(mask.astype(np.uint8), photo.shape[1::-1], interpolation=cv2.INTER_NEAREST).astype(bool)
    assert np.array_equal(editor.image[~changed], photo[~changed])
    assert not np.array_equal(editor.image[changed], photo[changed])


def test_a_photo_in_a_file_keeps_its_own_size(inferencer, files):
    editor = Editor(inferencer)
    editor.open(*files, keep_photo=True)
    assert np.array_equal(editor.image, read_photo(files[2])[..., ::-1])
    assert editor.image.shape == (48, 80, 3) and editor.label.shape == (64, 64)
    given = Editor(inferencer)
    given.open(*files)
    assert editor.scene.styles == given.scene.styles  # so that what is filled in fits


def test_the_rim_can_be_widened(plain, scene):
    editor = Editor(plain)
    editor.open(*scene, keep_photo=True, feather=0)
    editor.brush([(10, 10)], 3, SKY)
    narrow_rim = editor.image
    editor.feather(6)
    assert (editor.image != scene[2]).sum() > (narrow_rim != scene[2]).sum()
    editor.undo()
    assert np.array_equal(editor.image, narrow_rim)
    before = state(editor)
    with pytest.raises(ValueError, match=facts('feather=-1', '0 to 1000')):
        editor.feather(-1)
    assert state(editor) == before


def test_projects_keep_photos_and_looks(plain, latent, scene, tmp_path):
    editor, again = Editor(plain), Editor(plain)
    editor.open(*scene, keep_photo=True, feather=3)
    editor.brush([(10, 10)], 3, CAR)
    again.load(editor.save(tmp_path / 'scene.npz'))
    assert state(again) == state(editor) and again.scene.kept.feather == 3
    with np.load(tmp_path / 'scene.npz') as file:
        stored = dict(file)
    for odd in (dict(photo=np.zeros((4, 4), np.uint8)), dict(edited=np.zeros((3, 3), bool)), dict(feather=-3),
                dict(photo=np.zeros((64, 64, 3)))):
        np.savez(tmp_path / 'odd.npz', **stored | odd)
        with pytest.raises(ValueError, match=r'odd\.npz is no project file'):
            again.load(tmp_path / 'odd.npz')
    editor, again = Editor(latent), Editor(latent)
    editor.blank(64, 64)
    editor.look(seed=5)
    again.load(editor.save(tmp_path / 'look.npz'))
    assert state(again) == state(editor) and torch.equal(again.latent, editor.latent)
    with pytest.raises(ValueError, match=facts('look.npz', 'another model', '0 finite')):
        Editor(plain).load(tmp_path / 'look.npz')


def test_nothing_to_keep(plain, files, scene):
    editor = Editor(plain)
    with pytest.raises(ValueError, match='no photo to keep'):
        editor.open(*files[:2], keep_photo=True)
    with pytest.raises(ValueError, match='takes nothing from a photo'):
        editor.open(*files)
    editor.open(*files[:2])
    with pytest.raises(ValueError, match='No photo is kept'):
        editor.feather(3)


def test_looks(latent, files):
    editor = Editor(latent)
    editor.open(*files[:2])
    drawn, length = editor.image, latent.model.latent_dim
    assert torch.equal(editor.latent, draw_latents([0], length)[0])
    editor.look(seed=3)
    third = editor.image
    assert not np.array_equal(third, drawn) and torch.equal(editor.latent, draw_latents([3], length)[0])
    photo = read_photo(files[2])[..., ::-1]
    editor.look(photo=files[2])
    assert torch.equal(editor.latent, latent.encode_latent(photo, (64, 64)))
    assert np.array_equal(editor.image, latent.synthesize(
        editor.label, editor.instance, latent=editor.latent)['outputs']['image'].permute(1, 2, 0).numpy())
    editor.look(vector=range(length))
    assert editor.latent.tolist() == list(range(length))
    for _ in range(2):
        editor.undo()
    assert np.array_equal(editor.image, third)
    editor.undo()
    assert np.array_equal(editor.image, drawn)
    editor.open(*files)
    assert torch.equal(editor.latent, latent.encode_latent(photo, (64, 64)))


@pytest.mark.parametrize(('content', 'advice'), [
    (b'', 'is empty (0 bytes): copy or download it again, or use another file.'), (b'torn', 'no image'),
    (None, 'does not exist: restore it, or use another file.')])
def test_a_photo_that_cannot_be_read(latent, files, tmp_path, content, advice):
    """It is no part of a data set, so that no scene can be left out."""
    editor, photo = Editor(latent), tmp_path / 'photo.jpg'
    editor.open(*files[:2])
    before = state(editor)
    if content is not None:
        photo.write_bytes(content)
    for attempt in (lambda: editor.open(files[0], files[1], str(photo)), lambda: editor.look(photo=str(photo))):
        with pytest.raises(DataError) as refusal:
            attempt()
        assert advice in str(refusal.value) and 'use another file' in str(refusal.value)
        assert 'scene' not in str(refusal.value) and str(photo) in str(refusal.value)
    assert state(editor) == before


def test_impossible_looks(latent, plain, files):
    editor = Editor(latent)
    editor.open(*files[:2])
    before = state(editor)
    for mistake, message in ((dict(), 'none of them'), (dict(seed=1, vector=[1]), 'seed and vector'),
                             (dict(vector=[1, 2]), 'finite numbers'), (dict(vector='x'), 'given as numbers')):
        with pytest.raises(ValueError, match=message):
            editor.look(**mistake)
    assert state(editor) == before and not editor.can_undo
    without = Editor(plain)
    without.open(*files[:2])
    for ask in (lambda: without.look(seed=1), lambda: without.latent):
        with pytest.raises(ValueError, match='trained without a latent'):
            ask()


def test_empty_canvases(plain, latent):
    editor = Editor(plain)
    editor.blank(50, 70, SKY)
    assert editor.image.shape == (50, 70, 3) and (editor.label == SKY).all() and not editor.can_undo
    editor.brush([(5, 5)], 3, CAR)
    before = state(editor)
    for mistake in ((0, 5), (5, 2**14), (5, 5.5), (5, 5, 99)):
        with pytest.raises(ValueError, match=r'canvas is|no class 99'):
            editor.blank(*mistake)
    assert state(editor) == before and editor.can_undo
    fixed = Editor(latent)
    assert fixed.fixed_size == fixed.size == (64, 64) and editor.fixed_size is None
    with pytest.raises(ValueError, match='makes images of 64x64 alone'):
        fixed.blank(64, 128)
    fixed.blank(64, 64)
