import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.data_sets import scenes_of
from helpers.facts import facts
from helpers.narrow import make_camvid, make_scenes, narrow
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.errors import DataError


@pytest.fixture(scope='module')
def inferencer(toycity):
    torch.manual_seed(0)
    return Inferencer(narrow('configs/ecgan/ecgan_toycity.py', toycity), None, device='cpu')


@pytest.fixture
def maps(toycity, tmp_path):
    """Label and instance maps of two scenes, and no photo."""
    folder = tmp_path / 'maps'
    (folder / 'sub').mkdir(parents=True)
    for number, place in enumerate((folder, folder / 'sub')):
        for kind in ('labelIds', 'instanceIds'):
            name = f'toycity_00000{number}_000000_gtFine_{kind}.png'
            shutil.copy(toycity / 'gtFine/val/toycity' / name, place)
    return folder


def test_folders_and_files_are_found_with_their_instances(inferencer, maps):
    first, second = 'toycity_000000_000000', 'sub/toycity_000001_000000'
    expected = [LayoutFile(name, *(str(maps / f'{name}_gtFine_{kind}.png') for kind in ('labelIds', 'instanceIds')))
                for name in (second, first)]
    assert inferencer.find([maps]) == expected
    assert inferencer.find([maps / f'{first}_gtFine_labelIds.png']) == expected[1:]
    elsewhere = maps.rename(maps.parent / 'labels')
    (elsewhere / f'{first}_gtFine_instanceIds.png').rename(elsewhere.parent / f'{first}_gtFine_instanceIds.png')
    [found] = inferencer.find([elsewhere / f'{first}_gtFine_labelIds.png'], instances=elsewhere.parent)
    assert found.instance == str(elsewhere.parent / f'{first}_gtFine_instanceIds.png')


def test_results_have_all_outputs_at_the_test_sets_size(inferencer, maps):
    results = list(inferencer(inferencer.find([maps])))
    assert [result['name'] for result in results] == ['sub/toycity_000001_000000', 'toycity_000000_000000']
    for result in results:
        assert set(result['outputs']) == {'edge', 'coarse', 'image', 'class_specific'}
        assert all(image.shape == (3, 64, 64) and image.dtype == torch.uint8 for image in result['outputs'].values())
        assert result['label'].shape == (64, 64) and result['real'] == {}
    assert not torch.equal(results[0]['outputs']['image'], results[1]['outputs']['image'])


def test_the_layout_alone_decides(inferencer, toycity, maps):
    """A scene of the test set, with its photo, gives the same image as its maps alone."""
    [alone] = inferencer([inferencer.find([maps / 'toycity_000000_000000_gtFine_labelIds.png'])[0]])
    scene = inferencer.predict(scenes_of(inferencer.config)[0])
    assert torch.equal(scene['outputs']['image'], alone['outputs']['image'])
    assert scene['real'].keys() == {'image'}


def test_bfloat16(inferencer, toycity, maps):
    torch.manual_seed(0)
    other = Inferencer(narrow('configs/ecgan/ecgan_toycity.py', toycity), None, device='cpu', precision='bfloat16')
    dtypes = set()
    other.model.generator.seed.register_forward_hook(lambda module, inputs, output: dtypes.add(output.dtype))
    layout = inferencer.find([maps])[0]
    [exact], [rounded] = ([result['outputs'] for result in each([layout])] for each in (inferencer, other))
    assert dtypes == {torch.bfloat16}
    for name, image in exact.items():
        difference = (image.int() - rounded[name].int()).abs().float()
        assert rounded[name].dtype == torch.uint8 and 0 < difference.mean() < 4


def test_odd_sizes_come_back_as_they_are(toycity, tmp_path):
    config = narrow('configs/ecgan/ecgan_toycity.py', toycity)
    config.test_dataloader.dataset.size = (49, 75)
    for kind, high in dict(labelIds=[7, 8, 23], instanceIds=[7, 26_001, 33_000]).items():
        ids = np.random.default_rng(0).choice(np.array(high, np.uint16), (49, 75))
        Image.fromarray(ids).save(tmp_path / f'x_gtFine_{kind}.png')
    inferencer = Inferencer(config, None, device='cpu')
    [result] = inferencer(inferencer.find([tmp_path]))
    assert result['outputs']['image'].shape == (3, 49, 75)


def test_models_without_instances_ask_for_none(tmp_path):
    camvid = make_camvid(tmp_path)
    inferencer = Inferencer(narrow('configs/pix2pixhd/pix2pixhd_camvid.py', camvid), None, device='cpu')
    layouts = inferencer.find([camvid / 'labels/val'])
    assert [(layout.name, layout.instance) for layout in layouts] == [('a', None), ('b', None), ('c', None)]
    assert next(inferencer(layouts))['outputs']['image'].shape == (3, 64, 64)


def test_instance_maps_are_found_where_the_data_set_has_them(tmp_path):
    nyu = make_scenes('nyu', tmp_path / 'nyu')
    for kind in ('labels', 'instances'):
        (nyu / kind / 'test/sub').mkdir()
        (nyu / kind / 'test/c.png').rename(nyu / kind / 'test/sub/c.png')
    inferencer = Inferencer(narrow('configs/pix2pixhd/pix2pixhd_nyu.py', nyu), None, device='cpu')
    of_folder = inferencer.find([nyu / 'labels/test'])
    assert [layout.instance for layout in of_folder] == [str(nyu / f'instances/test/{name}.png')
                                                         for name in ('a', 'b', 'sub/c')]
    [alone] = inferencer.find([nyu / 'labels/test/sub/c.png'])
    assert alone.instance == of_folder[-1].instance
    (nyu / 'instances/test/a.png').unlink()
    with pytest.raises(DataError, match=facts('1 of the 3', 'labels/test/a.png', 'test/a.png', '--instances')):
        inferencer.find([nyu / 'labels/test'])
    others = inferencer.find([nyu / 'labels/train'])  # another split's
    assert others and [layout.instance for layout in others] == [
        layout.label.replace('labels', 'instances') for layout in others]
    shutil.rmtree(nyu / 'instances/train')
    assert {layout.instance for layout in inferencer.find([nyu / 'labels/train'])} == {None}  # none of them has one


def test_the_data_set_itself_is_not_needed(tmp_path, maps):
    inferencer = Inferencer(narrow('configs/ecgan/ecgan_toycity.py', tmp_path / 'nowhere'), None, device='cpu')
    assert len(inferencer.find([maps])) == 2


@pytest.mark.parametrize('call', [lambda infer: infer(None), lambda infer: list(infer([None])), lambda infer: infer(3)])
def test_what_is_no_layout_is_refused(inferencer, call):
    with pytest.raises(ValueError, match=r'^(None|3) is no layout: give a file, a Pillow image, an array'):
        call(inferencer)


def test_mistakes_are_explained(inferencer, maps, tmp_path):
    label = maps / 'toycity_000000_000000_gtFine_labelIds.png'
    with pytest.raises(DataError, match=r'There is no label map .*nowhere\.png'):
        inferencer.find([tmp_path / 'nowhere.png'])
    with pytest.raises(DataError, match=r'There are no label maps in .*: they end in _gtFine_labelIds\.png'):
        inferencer.find([(tmp_path / 'empty').mkdir() or tmp_path / 'empty'])
    with pytest.raises(DataError, match=facts('1 names', 'toycity_000000_000000')):
        inferencer.find([maps, label])
    elsewhere = tmp_path / 'empty'
    with pytest.raises(DataError, match=r'reads instance maps, but .*000000_gtFine_labelIds\.png has none: '
                                        r'there is no .*empty/.*000000_gtFine_instanceIds\.png; put it there, or name '
                                        r'the folder of the instance maps with --instances'):
        inferencer.find([label], elsewhere)
    Image.fromarray(np.full((9, 9), 3, np.uint8)).save(label)
    with pytest.raises(DataError, match=r'labelIds\.png holds the id 3, which is no class of this model'):
        next(inferencer([LayoutFile('x', str(label), str(label))]))


def test_a_checkpoint_of_another_model_is_refused(inferencer, tmp_path):
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict={'generator.other': torch.zeros(1)}), path)
    message = r'(?s)other\.pth does not fit the model of .*ecgan_toycity\.py.*generator\.other'
    with pytest.raises(ValueError, match=message):
        Inferencer(inferencer.config, path)
    torch.save({'fc.weight': torch.zeros(1)}, path)
    with pytest.raises(ValueError, match=facts('other.pth', 'fc.weight', 'generator.', 'semsynth convert_checkpoint')):
        Inferencer(inferencer.config, path)
