import pytest
import torch

from helpers.random_lite import random_lite
from semsynth.config_files import find_config
from semsynth.layers.efficientnet_lite import efficientnet_lite
from semsynth.registry import SEGMENTORS
from semsynth.segmentors import EfficientNetLiteBackbone
from semsynth.segmentors.mmseg_segmentor import build_network

CONFIG = 'semsynth::segmentors/judge_camvid_360x480.py'


@pytest.fixture
def file(tmp_path):
    torch.save(random_lite(1), tmp_path / 'lite1.pth')
    return str(tmp_path / 'lite1.pth')


@torch.no_grad()
def test_its_features_are_the_networks_own(file):
    pixels = torch.randint(0, 256, (2, 3, 37, 50)).float()
    backbone = EfficientNetLiteBackbone(1, file).eval()
    expected = efficientnet_lite(1, file)(pixels / 127.5 - 1)
    for ours, theirs in zip(backbone((pixels - 127) / 128), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3 * theirs.abs().max().item())


def test_all_of_it_learns():
    backbone = EfficientNetLiteBackbone(0)
    sum(level.square().mean() for level in backbone(torch.randn(2, 3, 64, 64))).backward()
    assert all(weight.grad is not None for weight in backbone.parameters())


@pytest.mark.slow
def test_the_judge_of_camvid_reads_images_as_the_network_was_trained(tmp_path):
    from semsynth.segmentors.config import model_config
    network = build_network(model_config(str(find_config(CONFIG))))
    torch.save(dict(state_dict=network.state_dict()), tmp_path / 'judge.pth')
    judge = SEGMENTORS.build(dict(type='Segmentor', config=CONFIG, checkpoint=str(tmp_path / 'judge.pth'),
                                  class_map='camvid_12_to_11', input_size=(360, 480)))
    pixels = torch.randint(0, 256, (1, 3, 24, 32)).float()
    assert judge(pixels / 127.5 - 1).shape == (1, 11, 24, 32)
    judge.input_size = None
    torch.testing.assert_close(judge._normalise(pixels / 127.5 - 1), (pixels - 127) / 128)
