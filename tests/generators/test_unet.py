import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.facts import facts
from semsynth.generators import UNetGenerator
from semsynth.layout import Layout


def normalise(x, norm, layer):
    """Statistics of the batch or of each image, then the layer's scale and shift."""
    axes = (0, 2, 3) if norm == 'batch' else (2, 3)
    mean, variance = x.mean(axes, keepdim=True), x.var(axes, unbiased=False, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt() * layer.weight.view(-1, 1, 1) + layer.bias.view(-1, 1, 1)


@pytest.mark.parametrize('norm', ['batch', 'instance'])
def test_equals_the_paper(norm):
    generator = UNetGenerator(in_channels=3, base_channels=2, num_downsamples=3, norm=norm)
    for layer in generator.modules():
        if isinstance(layer, nn.BatchNorm2d | nn.GroupNorm):
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
    c64, (_, c128, n128), (_, innermost) = generator.encoder
    (_, u128, m128), (_, u64, m64), (_, u_full, m_full) = generator.decoder
    x = torch.randn(2, 3, 8, 24)

    first = F.conv2d(x, c64.weight, c64.bias, stride=2, padding=1)
    second = normalise(F.conv2d(F.leaky_relu(first, 0.2), c128.weight, stride=2, padding=1), norm, n128)
    third = F.conv2d(F.leaky_relu(second, 0.2), innermost.weight, innermost.bias, stride=2, padding=1)
    assert third.shape[-2:] == (1, 3)

    def upsample(x, layer, norm_layer):
        return normalise(F.conv_transpose2d(F.relu(x), layer.weight, stride=2, padding=1), norm, norm_layer)

    hidden = torch.cat([upsample(third, u128, m128), second], 1)
    hidden = torch.cat([upsample(hidden, u64, m64), first], 1)
    expected = F.relu(upsample(hidden, u_full, m_full))
    assert torch.allclose(generator.features(Layout(raw=x)), expected, atol=1e-5)
    last = generator.head.convolution
    image = torch.tanh(torch.einsum('oc,bchw->bohw', last.weight[:, :, 0, 0], expected) + last.bias.view(-1, 1, 1))
    assert torch.allclose(generator(Layout(raw=x))['image'], image, atol=1e-5)


def test_widths_norms_and_dropouts_are_the_papers():
    with torch.device('meta'):
        generator = UNetGenerator(in_channels=3)
    convolutions = [layer for part in (generator.encoder, generator.decoder) for layer in part.modules()
                    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    assert [layer.out_channels for layer in convolutions] == [
        64, 128, 256, 512, 512, 512, 512, 512, 512, 512, 512, 512, 256, 128, 64, 64]
    # A bias is where no norm follows.
    assert [i for i, layer in enumerate(convolutions) if layer.bias is not None] == [0, 7]
    assert {layer.kernel_size for layer in convolutions} == {(4, 4)}
    dropped = [any(isinstance(layer, nn.Dropout) for layer in part) for part in generator.decoder]
    assert dropped == [True] * 3 + [False] * 5


def test_parameters_are_as_many_as_pix2pixs_but_for_the_last_layer():
    # Encoder, 4x4 kernels: 16 (3*64 + 64*128 + 128*256 + 256*512 + 4*512*512)            = 19,532,800
    #   biases of its first and its innermost layer: 64 + 512                             =        576
    #   norms, a scale and a shift: 2 (128 + 256 + 4*512)                                 =      4,864
    # Decoder: 16 (512*512 + 3*1024*512 + 1024*256 + 512*128 + 256*64)                    = 34,865,152
    #   norms: 2 (4*512 + 256 + 128 + 64)                                                 =      4,992
    # pix2pix's last transposed convolution: 16*128*3 + 3                                 =      6,147
    pix2pix = 19_532_800 + 576 + 4_864 + 34_865_152 + 4_992 + 6_147
    assert pix2pix == 54_414_531
    # Ours: transposed convolution and norm, 16*128*64 + 2*64, then 64*3 + 3.
    with torch.device('meta'):
        generator = UNetGenerator(in_channels=3)
    assert sum(parameter.numel() for parameter in generator.parameters()) == pix2pix - 6_147 + 131_200 + 195


def test_dropout_is_for_training_only():
    generator, layout = UNetGenerator(in_channels=3, base_channels=2, num_downsamples=6), Layout(
        raw=torch.randn(1, 3, 64, 64))
    assert not torch.equal(generator(layout)['image'], generator(layout)['image'])
    generator.eval()
    assert torch.equal(generator(layout)['image'], generator(layout)['image'])


def test_instance_norm_is_what_batch_norm_is_for_one_image():
    batch, instance = (UNetGenerator(in_channels=3, base_channels=2, num_downsamples=2, norm=norm)
                       for norm in ('batch', 'instance'))
    instance.load_state_dict({name: value for name, value in batch.state_dict().items()
                              if not name.endswith(('running_mean', 'running_var', 'num_batches_tracked'))})
    layout = Layout(raw=torch.randn(1, 3, 8, 4))
    assert torch.allclose(batch(layout)['image'], instance.eval()(layout)['image'], atol=1e-6)


def test_an_unknown_norm():
    with pytest.raises(ValueError, match='UNetGenerator: num_downsamples=0, expected 1 or more'):
        UNetGenerator(in_channels=3, num_downsamples=0)
    with pytest.raises(ValueError, match=facts('UNetGenerator', "norm='layer'", 'batch, instance')):
        UNetGenerator(in_channels=3, norm='layer')
