"""What the editor's page does, without a browser and without Gradio."""

import io
import json
import sys
from base64 import b64decode

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from helpers.narrow import narrow
from semsynth.apis.inferencer import Inferencer
from semsynth.editor.labelling import build_segmentor
from semsynth.editor.page import Session, check_servable
from semsynth.styles import StyleBank
from semsynth.visualise import colour_labels

ROAD, SKY, CAR = 0, 9, 11


def inferencer_of(config, toycity):
    torch.manual_seed(0)
    return Inferencer(narrow(config, toycity), None, device='cpu')


@pytest.fixture(scope='module')
def styled(toycity):
    inferencer = inferencer_of('configs/pix2pixhd/pix2pixhd_styles_toycity.py', toycity)
    thumbnails = np.arange(3 * 4 * 4 * 3, dtype=np.uint8).reshape(3, 4, 4, 3)
    inferencer.model.styles = StyleBank(torch.tanh(torch.randn(3, 3)), torch.tensor([CAR, CAR, ROAD]),
                                        inferencer.dataset.label_space.classes, thumbnails)
    return inferencer


@pytest.fixture(scope='module')
def plain(toycity):
    return inferencer_of('configs/ecgan/ecgan_toycity.py', toycity)


def session_of(inferencer, toycity, **options):
    return Session(inferencer, inferencer.find([toycity / 'gtFine/val'], instances_optional=True), **options)


@pytest.fixture
def session(styled, toycity):
    session = session_of(styled, toycity)
    session.start()
    return session


def pixels(address):
    kind, content = address.split(',')
    assert kind == 'data:image/png;base64'
    return np.asarray(Image.open(io.BytesIO(b64decode(content))))


def car(view):
    return next(each for each in view['objects'] if each['kind'] == CAR)


def test_the_first_view(styled, toycity):
    session = session_of(styled, toycity)
    view = json.loads(json.dumps(session.start()))
    editor = session.editor
    assert view['setup']['classes'][CAR] == 'car' and view['setup']['palette'][CAR] == [0, 0, 142]
    assert [len(clusters) for clusters in view['setup']['clusters']] == [1] + 10 * [0] + [2]
    assert np.array_equal(pixels(view['setup']['clusters'][CAR][1]), styled.styles.thumbnails[1])
    assert view['layouts'] == list(session.layouts) and view['name'] == view['layouts'][0]
    assert (view['width'], view['height']) == (64, 64) and not view['undo'] and not view['redo']
    assert np.array_equal(pixels(view['layout']), colour_labels(editor.label, editor.palette))
    assert np.array_equal(pixels(view['image']), editor.image)
    numbers = pixels(view['places']).astype(int) @ [1, 256, 65536]
    ids = np.array([each['id'] for each in view['objects']])
    assert np.array_equal(ids[numbers], editor.instance)


def test_more_objects_than_a_byte_counts(plain):
    session = Session(plain)
    session.editor.open(np.zeros((64, 64), np.int64), np.arange(64 * 64).reshape(64, 64))
    numbers = pixels(session.view()['places']).astype(int) @ [1, 256, 65536]
    assert np.array_equal(numbers, np.arange(64 * 64).reshape(64, 64))


def test_a_stroke_and_back(session):
    before = session.view()
    after = session.act('brush', 1, points=[[5, 5], [50.4, 50]], radius=3, class_index=SKY)
    assert after['done'] == 1 and after['undo'] and after['selected'] == 23  # the id of all of the sky
    assert session.editor.label[50, 50] == SKY
    assert after['layout'] != before['layout'] and after['image'] != before['image']
    back = session.act('undo', 2)
    assert back['layout'] == before['layout'] and back['image'] == before['image'] and back['redo']
    assert session.act('redo', 3)['image'] == after['image']


def test_every_other_edit(session):
    view = session.view()
    id = car(view)['id']
    assert session.act('move', id=id, dx=3, dy=-2)['undo']
    assert session.act('fill', x=0, y=0, class_index=SKY)['selected'] == 23
    new = session.act('add', class_index=CAR, polygon=[[1, 1], [20, 1], [20, 20]])['selected']
    assert session.editor.object_at(18, 3) == new != id
    other = session.act('relabel', id=new, class_index=10)['selected']
    assert other not in [each['id'] for each in session.act('remove', id=other)['objects']]


def test_styles(session):
    id = car(session.view())['id']
    first = session.act('style', id=id, cluster=1)
    second = session.act('style', id=id, cluster=0)
    assert (car(first)['cluster'], car(second)['cluster']) == (1, 0) and first['image'] != second['image']
    road = next(each['id'] for each in second['objects'] if each['kind'] == ROAD)
    assert car(session.act('style', id=id, like=road))['cluster'] is None  # a style of another class


def test_a_refusal_is_a_message_and_changes_nothing(session):
    before = session.view()['layout']
    assert session.act('remove', 7, id=123) == dict(message='There is no object 123 in the layout.', done=7)
    assert session.view()['layout'] == before
    with pytest.raises(ValueError, match='The page asked for save, but there are brush, '):
        session.act('save', path='somewhere')


def test_pasting(session):
    name = session.layouts and list(session.layouts)[1]
    other = session.act('look_at', name=name)['other']
    found = max(other['objects'], key=lambda each: each['area'] if each['kind'] == CAR else 0)
    new = session.act('paste', name=name, id=found['id'])['selected']
    assert session.editor.label[session.editor.instance == new].tolist() == found['area'] * [CAR]


def test_downloads_open_again(session, tmp_path):
    session.act('brush', points=[[30, 30]], radius=9, class_index=SKY)
    view = session.view()
    paths = {}
    for part in ('label', 'instance', 'image', 'project'):
        file = session.act('download', part=part)['file']
        paths[part] = tmp_path / file['name']
        paths[part].write_bytes(b64decode(file['content']))
    assert [path.name for path in paths.values()] == [
        'toycity_000000_000000_gtFine_labelIds.png', 'toycity_000000_000000_gtFine_instanceIds.png',
        'toycity_000000_000000.png', 'toycity_000000_000000.npz']
    assert np.array_equal(cv2.imread(str(paths['image']))[..., ::-1], pixels(view['image']))
    session.act('open', name=list(session.layouts)[1])
    again = session.open_files(str(paths['label']), str(paths['instance']), None, None)
    assert again['layout'] == view['layout'] and again['selected'] is None and not again['undo']
    assert again['name'] == 'toycity_000000_000000_gtFine_labelIds' == again['layouts'][-1]
    assert session.act('download', part='label')['file']['name'] == paths['label'].name
    assert session.open_files(None, None, None, str(paths['project']))['image'] == view['image']


def test_a_project_whose_image_fails_leaves_the_scene_and_its_history(session, tmp_path, monkeypatch):
    session.act('brush', points=[[30, 30]], radius=9, class_index=SKY)
    view, label = session.view(), session.editor.label.copy()
    path = session.editor.save(tmp_path / 'scene.npz')
    with monkeypatch.context() as patch:
        patch.setattr(Inferencer, 'synthesize', lambda *arguments: (_ for _ in ()).throw(RuntimeError('no memory')))
        with pytest.raises(RuntimeError, match='no memory'):
            session.open_files(None, None, None, str(path))
    again = session.view()
    assert np.array_equal(session.editor.label, label) and (again['image'], again['undo']) == (view['image'], True)
    assert session.name != 'scene' and session.act('undo')['layout'] != view['layout']


def test_what_files_belong_together(session, toycity):
    label = str(toycity / 'gtFine/val/toycity/toycity_000000_000000_gtFine_labelIds.png')
    photo = str(toycity / 'leftImg8bit/val/toycity/toycity_000000_000000_leftImg8bit.png')
    for files in ((None, None, None, None), (label, None, None, label), (None, label, photo, None)):
        assert session.open_files(*files)['message'].startswith('Give a label map with what belongs to it, or ')
    assert 'needs a segmentor' in session.open_files(None, None, photo, None)['message']
    assert session.open_files(label, None, photo, None)['layouts'][-1] == 'toycity_000000_000000_gtFine_labelIds'
    assert session.editor.style_of(car(session.view())['id']).shape == (3,)


def test_a_photo_is_labelled_first(plain, toycity):
    session = session_of(plain, toycity, segmentor=build_segmentor(plain.config))
    photo = toycity / 'leftImg8bit/val/toycity/toycity_000000_000000_leftImg8bit.png'
    assert session.photo_serves == 'A photo alone, to be labelled'
    view = session.open_files(None, None, str(photo), None)
    assert view['name'] == photo.stem and view['objects']


def test_a_model_without_styles_or_layouts(plain, toycity):
    view = Session(plain).start()
    assert not view['setup']['styled'] and not any(view['setup']['clusters'])
    assert view['layouts'] == [] and 'image' not in view
    session = session_of(plain, toycity)
    session.layouts[next(iter(session.layouts))].instance = None
    view = session.start()
    assert all(each['cluster'] is None for each in view['objects']) and car(view)['whole']


def test_instance_maps_are_found_where_there_are_some(styled, toycity, tmp_path):
    label = tmp_path / 'a_gtFine_labelIds.png'
    label.write_bytes((toycity / 'gtFine/val/toycity/toycity_000000_000000_gtFine_labelIds.png').read_bytes())
    [layout] = styled.find([label], instances_optional=True)
    assert layout.instance is None
    with pytest.raises(ValueError, match='reads instance maps'):
        styled.find([label])


def test_without_gradio(monkeypatch):
    monkeypatch.setitem(sys.modules, 'gradio', None)
    with pytest.raises(ValueError, match=r"page needs Gradio .*: pip install -e '.\[edit\]'"):
        check_servable(None)
