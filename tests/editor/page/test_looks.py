"""Looks, and real photos that stay real."""

import numpy as np
import pytest
from PIL import Image

from helpers.editor_page import EditorPage
from helpers.narrow import narrow
from semsynth.apis.inferencer import Inferencer
from semsynth.editor.page import serve_editor

pytestmark = pytest.mark.slow
SKY = 9
PIXELS = '''(() => {
    const { bitmap } = state.picture, canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    return [bitmap.height, bitmap.width, [...context.getImageData(0, 0, bitmap.width, bitmap.height).data]];
})()'''


@pytest.fixture(scope='module')
def latent(toycity):
    """The address of the editor of a model with a latent and an encoder of it."""
    model = Inferencer(narrow('configs/ecgan/ecgan_multimodal_toycity.py', toycity), None, device='cpu')
    server = serve_editor(model, model.find([toycity / 'gtFine/val'], instances_optional=True))
    yield server.url
    server.close()


def pixels(editor):
    """The newest image, ``(h, w, 3)``."""
    height, width, values = editor.state(PIXELS)
    return np.array(values, np.int64).reshape(height, width, 4)[..., :3]


def files(toycity, number):
    """Label map, instance map and photo of a scene."""
    patterns = 'gtFine/val/*/*_labelIds.png', 'gtFine/val/*/*_instanceIds.png', 'leftImg8bit/val/*/*.png'
    return [sorted(toycity.glob(pattern))[number] for pattern in patterns]


def test_another_look_and_that_of_a_photo(latent, new_page, toycity):
    editor = EditorPage(new_page(), latent)
    layout, first = editor.label(), pixels(editor)
    editor.page.get_by_role('button', name='Another look').click()
    editor.settle()
    assert editor.label() == layout and (pixels(editor) != first).any()
    editor.press('Control+z')
    assert (pixels(editor) == first).all()
    editor.page.set_input_files('#of-photo input', files(toycity, 1)[2])
    editor.wait('state.scene.undo')
    editor.settle()
    assert (pixels(editor) != first).any()
    editor.press('Control+z')
    assert (pixels(editor) == first).all()


def test_a_model_without_a_latent_has_no_looks(editor):
    assert editor.page.get_by_role('button', name='Another look').is_hidden()


def test_a_photo_stays_but_where_it_was_edited(served, new_page, toycity):
    editor = EditorPage(new_page(), served)
    editor.page.click('#open')
    for name, file in zip(('label', 'instance', 'photo'), files(toycity, 1), strict=True):
        editor.page.set_input_files(f'#open-dialog [name={name}]', file)
    editor.page.check('#open-dialog [name=keep_photo]')
    editor.page.click('#open-dialog [type=submit]')
    editor.page.locator('#open-dialog').wait_for(state='hidden')
    editor.settle()
    photo = np.asarray(Image.open(files(toycity, 1)[2]).convert('RGB')).astype(int)
    before = pixels(editor)
    assert before.shape == photo.shape and abs(before - photo).mean() < 4  # a JPEG of it
    editor.page.keyboard.press('b')
    editor.choose('sky')
    editor.draw((6, 50), (12, 50))
    editor.settle()
    after = pixels(editor)
    assert abs(after - before)[:, -10:].max() < 9 and abs(after - before).max() > 20
    editor.page.get_by_role('button', name='All synthesised').click()
    editor.settle()
    assert pixels(editor).shape == (64, 64, 3)  # the model's own, of the layout's size
