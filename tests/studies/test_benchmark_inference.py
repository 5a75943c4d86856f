import pytest
import torch

from helpers.narrow import narrow
from helpers.settle import settle
from semsynth.studies.benchmark.inference import VERSIONS, build_for_inference, inference


@pytest.mark.slow
def test_every_version_gives_the_same_image(toycity, monkeypatch):
    monkeypatch.setitem(inference.__globals__, 'build_for_inference', lambda *args: settle(build_for_inference(*args)))
    configs = [narrow(f'configs/{name}_toycity.py', toycity) for name in ('ecgan/ecgan', 'oasis/oasis')]
    for group in inference('cpu', configs):
        assert [version.columns['version'] for version in group] == list(VERSIONS)
        assert {version.columns['size'] for version in group} == {'64x64'}
        first, plain, *others = [version.make()()[0] for version in group]
        assert first.shape == (1, 3, 64, 64) and first.std() > 0 and torch.equal(first, plain)
        for image, tolerance in zip(others, (1e-5, 0.1, 0.1), strict=True):
            assert (image - first).abs().max() <= tolerance * first.abs().max()


def test_a_size_may_be_named_and_versions_chosen(toycity):
    config = narrow('configs/pix2pixhd/pix2pixhd_toycity.py', toycity)
    [[version]] = inference('cpu', [config], size=(32, 48), versions=['bfloat16'])
    assert version.columns['size'] == '32x48' and version.make()()[0].shape[2:] == (32, 48)
    with pytest.raises(ValueError, match=r"versions=\['int8'\], but there are only float32, plain"):
        inference('cpu', [config], versions=['int8'])
