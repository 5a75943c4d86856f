import pytest
import torch

from semsynth.studies.benchmark.contrast import contrast


def test_versions_agree_on_the_same_pixels():
    groups = contrast('cpu', pixels=[50, 60], channels=4, classes=[3, 20])
    assert [[version.columns['version'] for version in group] for group in groups] == [['fast', 'plain']] * 4
    for group in groups:
        (loss, gradient), (expected, expected_gradient) = (version.make()() for version in group)
        assert len({version.result for version in group}) == 1
        assert gradient.shape == (group[0].columns['pixels'], 4) and not loss.requires_grad
        torch.testing.assert_close((loss, gradient), (expected, expected_gradient))


def test_an_unknown_version():
    with pytest.raises(ValueError, match=r"versions=\['quick'\], but there are only fast, plain"):
        contrast('cpu', pixels=[50], channels=4, classes=[3], versions=['quick'])
