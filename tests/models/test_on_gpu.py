"""Forward passes and losses as on a GPU, on tensors that only say so: none is needed, and nothing is computed."""


import pytest
import torch
from torch._subclasses import FakeTensorMode
from torch.nn.utils import parametrize
from torch.utils._python_dispatch import TorchDispatchMode

from helpers.narrow import SIZE, narrow
from semsynth.data.preprocessor import LayoutPreprocessor
from semsynth.models.synthesizer import frozen
from semsynth.studies.benchmark.step import build, draw_batch

CONFIGS = (
    'ccfpse/ccfpse_vae_cityscapes', 'crn/crn_cityscapes', 'ecgan/ecgan_multimodal_cityscapes',
    'hybrids/ecgan_two_discriminators_toycity', 'oasis/oasis_cityscapes', 'pix2pix/pix2pix_cityscapes',
    'pix2pixhd/pix2pixhd_edges_celebahq', 'pix2pixhd/pix2pixhd_styles_cityscapes_512x1024', 'spade/spade_cityscapes')


class Watch(TorchDispatchMode):
    """Notes copies between devices for which the host waits, and the precision of products."""

    def __init__(self):
        super().__init__()
        self.copies, self.precisions = [], set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out, name = func(*args, **(kwargs or {})), func.overloadpacket.__name__
        if name in ('copy_', '_to_copy'):
            source = args[1] if name == 'copy_' else args[0]
            if source.device.type != out.device.type and not (kwargs or {}).get('non_blocking'):
                self.copies.append(source.shape)
        if name == 'convolution':
            self.precisions.add(out.dtype)
        return out


@pytest.mark.parametrize('precision', [torch.float32, torch.bfloat16], ids=['float32', 'bfloat16'])
@pytest.mark.parametrize('name', [
    pytest.param(name, marks=[] if name.startswith(('pix2pixhd/pix2pixhd_styles', 'spade/')) else pytest.mark.slow)
    for name in CONFIGS])
def test_nothing_mixes_devices_or_waits(name, precision, monkeypatch):
    """A fake tensor raises an error where devices are mixed, and where numbers would be read from the device."""
    monkeypatch.setattr(torch.cuda.amp.common, 'amp_definitely_not_available', lambda: False)
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda: True)
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda device: (7, 5))  # too old for fused similarity
    monkeypatch.setattr(LayoutPreprocessor, '_check', lambda *args: None)  # reads labels while they lie on the CPU
    model, _ = build(narrow(f'configs/{name}.py', 'nowhere'), 'float32', 'cpu')
    data = draw_batch(model, (SIZE, SIZE), 2)
    autocast = torch.autocast('cuda', torch.bfloat16, enabled=precision == torch.bfloat16)
    with FakeTensorMode(allow_non_fake_inputs=True), Watch() as watch:
        model.to('cuda')
        watch.copies.clear()
        batch = model.data_preprocessor(data, training=True)
        with autocast, parametrize.cached():
            with frozen(model.discriminator):
                step = model.synthesize(batch['layout'], batch['real'])
                losses = model.compute_losses('generator', step)
            if model.discriminator is not None:
                losses |= model.compute_losses('discriminator', step.detach())
    assert not watch.copies
    assert watch.precisions == {precision}
    assert {(loss.device.type, loss.dtype) for loss in losses.values()} == {('cuda', torch.float32)}
