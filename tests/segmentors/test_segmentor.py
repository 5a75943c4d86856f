import pytest
import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmseg.structures import SegDataSample
from torch import nn

from helpers import tiny_segmentor
from semsynth.registry import SEGMENTORS
from semsynth.segmentors import MMSegSegmentor
from semsynth.segmentors.config import model_config, published_weights


def build(**kwargs):
    return SEGMENTORS.build(dict(type='Segmentor', config=tiny_segmentor.config(), **kwargs))


@pytest.fixture
def trained(tmp_path):
    model = tiny_segmentor.plain()
    path = tiny_segmentor.save(model, tmp_path / 'tiny.pth', dataset_meta=dict(classes=tuple('abcde')))
    return model, path


def weights(segmentor):
    return segmentor.frozen.network.parameters()


def images(*size):
    return torch.randint(0, 256, (2, 3, *size), dtype=torch.uint8)


@pytest.mark.parametrize('size', [(16, 24), (13, 18)])
def test_probabilities_are_mmsegs_own(trained, size):
    model, path = trained
    pictures = images(*size)
    # mmseg reads BGR from files.
    data = dict(inputs=[picture.flip(0) for picture in pictures],
                data_samples=[SegDataSample(metainfo=dict(ori_shape=size, img_shape=size)) for _ in pictures])
    with torch.no_grad():
        expected = [sample.seg_logits.data.softmax(0) for sample in model.test_step(data)]
        probabilities = build(checkpoint=path)(pictures / 127.5 - 1)
    assert probabilities.shape == (2, tiny_segmentor.CLASSES, *size)
    assert torch.allclose(probabilities, torch.stack(expected), atol=1e-5)
    assert torch.allclose(probabilities.sum(1), torch.ones(2, *size), atol=1e-6)


def test_a_network_that_wants_bgr_gets_it(tmp_path):
    model = tiny_segmentor.plain()
    path = tiny_segmentor.save(model, tmp_path / 'tiny.pth')
    turned = dict(tiny_segmentor.config(bgr_to_rgb=False, mean=[0.0] * 3, std=[1.0] * 3))
    straight = dict(tiny_segmentor.config(mean=[0.0] * 3, std=[1.0] * 3))
    x = images(8, 8) / 127.5 - 1
    assert torch.allclose(MMSegSegmentor(turned, path)(x), MMSegSegmentor(straight, path)(x.flip(1)))


def test_gradient_reaches_the_image_and_no_weight(trained):
    segmentor = build(checkpoint=trained[1])
    x = (images(8, 12) / 127.5 - 1).requires_grad_()
    segmentor(x)[:, 1].log().sum().backward()
    assert x.grad.abs().sum() > 0
    assert all(weight.grad is None and not weight.requires_grad for weight in weights(segmentor))


def test_gradient_is_exact(trained):
    segmentor = build(checkpoint=trained[1])
    x = torch.rand(1, 3, 4, 4) - 0.5
    probe = torch.randn(3, 4, 4)
    x.requires_grad_()
    segmentor(x)[0, 2].sum().backward()
    with torch.no_grad():
        rise = segmentor(x + 5e-3 * probe)[0, 2].sum() - segmentor(x - 5e-3 * probe)[0, 2].sum()
    assert torch.isclose((x.grad[0] * probe).sum(), rise / 1e-2, rtol=0.05, atol=1e-3)


def test_features_are_the_backbones(trained):
    model, path = trained
    pictures = images(8, 12)
    stages = build(checkpoint=path).features(pictures / 127.5 - 1)
    mean, std = torch.tensor([120.0, 110, 100]), torch.tensor([60.0, 50, 40])
    with torch.no_grad():
        expected = model.backbone((pictures - mean[:, None, None]) / std[:, None, None])
    assert [tuple(stage.shape) for stage in stages] == [(2, 32, 2, 3), (2, 16, 4, 6), (2, 8, 8, 12)]
    assert all(torch.allclose(ours, theirs, atol=1e-4) for ours, theirs in zip(stages, expected, strict=True))


def test_one_pass_gives_both(trained):
    segmentor = build(checkpoint=trained[1])
    x = images(13, 18) / 127.5 - 1
    probabilities, features = segmentor.segment(x)
    assert torch.equal(probabilities, segmentor(x))
    assert all(torch.equal(one, other) for one, other in zip(features, segmentor.features(x), strict=True))


@pytest.mark.parametrize(('size', 'input_size'), [((8, 12), (16, 24)), ((7, 13), (16, 24)), ((16, 24), (8, 12))])
def test_an_input_size_is_mmsegs_test_on_resized_images(trained, size, input_size):
    """Odd sizes and another ratio too; the logits come back at the images' size, as mmseg brings them to ``ori_shape``
    (there in two steps where images are padded, which these are not)."""
    model, path = trained
    x = (images(*size) / 127.5 - 1).requires_grad_()
    segmentor = build(checkpoint=path, input_size=input_size)
    probabilities, features = segmentor.segment(x)
    with torch.no_grad():
        resized = F.interpolate(x, input_size, mode='bilinear', antialias=True)
        mean, std = torch.tensor([120.0, 110, 100]), torch.tensor([60.0, 50, 40])
        backbone = model.backbone(((resized + 1) * 127.5 - mean[:, None, None]) / std[:, None, None])
        logits = F.interpolate(model.decode_head(backbone), size, mode='bilinear')
    assert probabilities.shape == (2, tiny_segmentor.CLASSES, *size)
    torch.testing.assert_close(probabilities, logits.softmax(1), rtol=1e-3, atol=1e-4)
    assert features[-1].shape[-2:] == input_size
    for one, other in zip(features, backbone, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)
    probabilities[:, 1].log().sum().backward()
    assert (x.grad.abs().flatten(1).sum(1) > 0).all()


def test_an_input_size_of_the_images_changes_nothing(trained):
    x = images(8, 12) / 127.5 - 1
    assert torch.equal(build(checkpoint=trained[1], input_size=[8, 12])(x), build(checkpoint=trained[1])(x))


def test_it_looks_at_another_size_when_told_to(trained):
    x = torch.rand(1, 3, 8, 12)
    segmentor = build(checkpoint=trained[1])
    segmentor.look_at((16, 24))
    assert torch.equal(segmentor(x), build(checkpoint=trained[1], input_size=(16, 24))(x))
    with pytest.raises(ValueError, match=r'takes multiples of 4: set input_size=\(16, 24\)'):
        segmentor.look_at((13, 24))


@pytest.mark.parametrize(('input_size', 'message'), [
    ((16,), r'input_size=\(16,\), expected 2 whole numbers'), (512, 'input_size=512, expected 2 whole numbers'),
    ((8.5, 4), r'input_size=\(8\.5, 4\), expected 2'), ('8x4', "input_size='8x4', expected 2 whole numbers"),
    ((0, 4), r'input_size=\(0, 4\), expected height and width, such as \(512, 1024\), or None for the size of'),
    ((13, 24), r'input_size=\(13, 24\), but this network takes multiples of 4: set input_size=\(16, 24\)')])
def test_an_input_size_that_cannot_be(input_size, message):
    with pytest.raises(ValueError, match=message):
        build(input_size=input_size)
    build(input_size=(16, 24))  # the remedy


def test_an_owner_neither_initialises_saves_nor_trains_it(trained):
    class Owner(BaseModel):
        def __init__(self, segmentor):
            super().__init__()
            self.layer, self.segmentor = nn.Conv2d(3, 3, 1), segmentor

        def forward(self, x):
            return self.segmentor(x)

    segmentor = build(checkpoint=trained[1])
    before = {name: value.clone() for name, value in segmentor.frozen.network.state_dict().items()}
    owner = Owner(segmentor)
    owner.init_weights()
    segmentor.frozen.network.init_weights()
    owner.train()
    assert not any(module.training for module in segmentor.frozen.network.modules())
    assert set(owner.state_dict()) == {'layer.weight', 'layer.bias'}
    assert len(list(owner.parameters())) == 2
    for name, value in segmentor.frozen.network.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_it_follows_its_owner(trained):
    owner = nn.Sequential(build(checkpoint=trained[1])).to(torch.bfloat16)
    segmentor = owner[0]
    assert next(weights(segmentor)).dtype == torch.bfloat16
    assert segmentor.table.dtype == torch.long
    probabilities = owner(torch.rand(1, 3, 8, 8))
    assert probabilities.dtype == torch.float32
    assert torch.allclose(probabilities.sum(1), torch.ones(1, 8, 8), atol=1e-5)
    owner.to('meta')
    assert next(weights(segmentor)).device.type == 'meta'


def test_softmax_is_float32_under_autocast(trained):
    segmentor = build(checkpoint=trained[1])
    with torch.autocast('cpu', torch.bfloat16):
        assert segmentor(torch.rand(1, 3, 8, 8)).dtype == torch.float32


def test_weights_hash_tells_networks_apart(trained):
    path = trained[1]
    assert build(checkpoint=path).weights_hash == build(checkpoint=path).weights_hash
    assert build(checkpoint=path).weights_hash != build().weights_hash
    assert len(build().weights_hash) == 16


def test_classes_come_from_the_checkpoint(trained):
    assert build(checkpoint=trained[1]).classes == tuple('abcde')
    assert build().classes == ('0', '1', '2', '3', '4')


def test_to_classes():
    label = torch.tensor([[[0, 1], [2, 3]]])
    mapped = build(class_map=[4, 255, 0, 1]).to_classes(label)
    assert mapped.tolist() == [[[4, 255], [0, 1]]] and mapped.dtype == torch.long
    assert build().to_classes(label + 2).tolist() == [[[2, 3], [4, 255]]]
    assert build().to_classes(label.to(torch.uint8)).tolist() == label.tolist()


def test_class_map_errors():
    with pytest.raises(ValueError, match='class_map holds 5, 7, but the segmentor has the classes 0 to 4'):
        build(class_map=[0, 5, 7])
    with pytest.raises(ValueError, match="no class_map 'ade'; there is"):
        build(class_map='ade')
    with pytest.raises(ValueError, match='has the index 7, but class_map only knows 0 to 5'):
        build().to_classes(torch.tensor([[[7]]]))


@pytest.mark.parametrize(('class_map', 'num_classes', 'unknown', 'fits'), [
    (None, 5, None, True), ('identity', 5, None, True), (None, 6, 5, True),
    (None, 6, 0, False), (None, 35, None, False), (None, 5, 4, False),
    ([0, 1, 255], 3, None, True), ([0, 1, 255], 3, 2, True), ([0, 1, 255], 4, None, False)])
def test_check_layout(class_map, num_classes, unknown, fits):
    segmentor = build(class_map=class_map)
    if fits:
        segmentor.check_layout(num_classes, unknown)
    else:
        with pytest.raises(ValueError, match=f'the layout has {num_classes} classes.*class_map'):
            segmentor.check_layout(num_classes, unknown)


def test_the_class_map_that_is_missing_is_named():
    with pytest.raises(ValueError, match='such as class_map=') as refusal:
        build().check_layout(6, 0)
    remedy = eval(str(refusal.value).rpartition('such as class_map=')[2].rstrip('.'))
    assert remedy == [255, 0, 1, 2, 3, 4]
    build(class_map=remedy).check_layout(6, 0)


def test_missing_checkpoint_names_file_and_command():
    with pytest.raises(FileNotFoundError, match=r'no weight file nowhere\.pth.*semsynth train_segmentor'):
        build(checkpoint='nowhere.pth')


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save(dict(state_dict=dict(other=torch.zeros(1))), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=r'other\.pth are not those of CONFIG') as error:
        build(checkpoint=tmp_path / 'other.pth')
    assert len(str(error.value)) < 500 and '\n' not in str(error.value)


def test_config_errors():
    with pytest.raises(FileNotFoundError, match=r'no config nowhere\.py'):
        MMSegSegmentor('nowhere.py')
    with pytest.raises(FileNotFoundError, match=r"or 'mmseg::FOLDER/NAME\.py'"):
        MMSegSegmentor('mmseg::nowhere.py')
    silent = tiny_segmentor.config()
    del silent['data_preprocessor']
    with pytest.raises(ValueError, match=r'ecgan_toycity\.py is the config of a synthesizer'):
        MMSegSegmentor('semsynth::ecgan/ecgan_toycity.py')
    with pytest.raises(ValueError, match='must say how it wants its images'):
        MMSegSegmentor(silent)
    binary = tiny_segmentor.config()
    binary['decode_head'].update(num_classes=2, out_channels=1, threshold=0.5)
    with pytest.raises(ValueError, match='1 channels for 2 classes'):
        MMSegSegmentor(binary)


def test_a_packaged_config_by_name_and_a_config_file(tmp_path):
    segmentor = MMSegSegmentor('mmseg::segformer/segformer_mit-b0_8xb1-160k_cityscapes-1024x1024.py')
    assert segmentor.num_classes == 19
    assert segmentor(torch.zeros(1, 3, 33, 65)).shape == (1, 19, 33, 65)
    path = tmp_path / 'tiny.py'
    path.write_text(f'data_preprocessor = {tiny_segmentor.config()["data_preprocessor"]}\n'
                    f'model = {({k: v for k, v in tiny_segmentor.config().items() if k != "data_preprocessor"})}\n')
    assert MMSegSegmentor(path).num_classes == tiny_segmentor.CLASSES
    path.write_text("_base_ = 'semsynth::segmentors/unet_toycity.py'\n")
    assert model_config(path) == model_config('semsynth::segmentors/unet_toycity.py')
    path.write_text('x = 1\n')
    with pytest.raises(ValueError, match='has no model'):
        MMSegSegmentor(path)


def test_missing_weights_of_a_published_network_are_not_to_be_trained():
    config = 'mmseg::pspnet/pspnet_r50-d8_4xb2-40k_cityscapes-512x1024.py'
    with pytest.raises(FileNotFoundError) as error:
        SEGMENTORS.build(dict(type='Segmentor', config=config, checkpoint='nowhere.pth',
                              class_map='cityscapes_35_to_19'))
    assert 'nowhere.pth' in str(error.value) and 'train_segmentor' not in str(error.value)
    address = published_weights(config)
    assert address.startswith('https://') and 'pspnet_r50-d8' in address and address in str(error.value)
    assert published_weights('mmseg::pspnet/none.py') is published_weights('semsynth::segmentors/a.py') is None
