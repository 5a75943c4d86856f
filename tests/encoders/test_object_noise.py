"""INADE's encoder: noise of each object, and nothing of the others."""

import pytest
import torch

from helpers.settle import settle
from semsynth.encoders import ObjectNoiseEncoder
from semsynth.generators import SPADEGenerator
from semsynth.layout import Layout
from semsynth.losses import kl_divergence

ROWS, Z = 7, 3


def layout_of(instances=True):
    label = torch.zeros(2, 32, 48, dtype=torch.long)
    label[:, 16:] = 1
    label[1, :, 40:] = 2
    instance = label * 1000 + (torch.arange(48) >= 20) * (label == 1)
    return Layout(label, 3, None, instance if instances else None)


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    encoder = ObjectNoiseEncoder(base_channels=2, latent_dim=4, noise_channels=Z, max_objects=ROWS)
    for layer in encoder.layers:  # of the paper's gain, 0.02, there is nothing to be seen after 8 layers
        torch.nn.init.normal_(layer.bias)
    return settle(encoder)


def rows_of(latent):
    """The numbers before the objects' noise, and that noise."""
    return latent[:, :4], latent[:, 4:].unflatten(1, (ROWS, 2 * Z))


@pytest.mark.parametrize('instances', [True, False])
def test_the_posterior_of_a_row_without_object_is_that_of_a_draw(encoder, instances):
    encoded = encoder(layout_of(instances), torch.rand(2, 3, 32, 48) * 2 - 1)
    assert encoded.latent.shape == (2, encoder.latent_dim) == (2, 4 + ROWS * 2 * Z)
    for values in encoded.posterior:
        code, noise = rows_of(values)
        assert values.dtype == torch.float32 and not code.any()
        assert (noise != 0).any(2).sum(1).tolist() == ([3, 4] if instances else [2, 3])


def test_it_draws_in_training_alone(encoder):
    layout, image, noise = layout_of(), torch.rand(2, 3, 32, 48) * 2 - 1, torch.randn(2, encoder.latent_dim)
    encoder.eval()
    encoded = encoder(layout, image)
    mean, log_variance = encoded.posterior
    assert torch.equal(encoded.latent, mean)
    drawn = encoder(layout, image, noise).latent
    torch.testing.assert_close(drawn, mean + torch.exp(log_variance / 2) * noise)
    torch.testing.assert_close(rows_of(drawn)[0], noise[:, :4])
    encoder.train()
    assert not torch.equal(encoder(layout, image).latent, encoder(layout, image).latent)


@pytest.mark.parametrize('seed', [0, 8])
def test_features_do_not_grow_in_the_first_steps(seed):
    """Spectral norm lets a 3x3 convolution whose nine taps agree make smooth images 3 times as large, and so eight of
    them 6561 times. At Xavier's gain of 0.02 features come to 3000 and 1000 here, in the fourth step."""
    torch.manual_seed(seed)
    encoder, features = ObjectNoiseEncoder(base_channels=8, latent_dim=32, noise_channels=16, max_objects=61), []
    encoder.mean.register_forward_pre_hook(lambda layer, given: features.append(given[0].abs().max()))
    optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3, betas=(0.0, 0.999))
    label = torch.randint(12, (2, 4, 8)).repeat_interleave(8, 1).repeat_interleave(8, 2)
    target = torch.randn(2, encoder.latent_dim)
    for _ in range(5):
        image = (torch.rand(2, 3, 4, 8) * 2 - 1).repeat_interleave(8, 2).repeat_interleave(8, 3)
        encoded = encoder(Layout(label, 12, None, label), image)
        optimizer.zero_grad()
        (0.05 * kl_divergence(*encoded.posterior) + (encoded.latent - target).square().mean()).backward()
        optimizer.step()
    assert len(features) == 5 and max(features) == features[0] < 20


def test_an_object_has_nothing_of_the_others(encoder):
    """But of what is larger than an object at 1/16 of the size, as when coarse pixels are doubled."""
    encoder.eval()
    layout, image = layout_of(), torch.rand(2, 3, 32, 48) * 2 - 1
    other = image.clone()
    other[:, :, 16:] = torch.rand(2, 3, 16, 48)
    one, two = (encoder(layout, each).posterior[0] for each in (image, other))
    changed = (one != two).flatten(0).view(2, -1)[:, 4:].unflatten(1, (ROWS, 2 * Z)).any(2)
    assert not changed[0, 0] and changed[0].sum() == 2  # row 0 is class 0's


def test_gradients_reach_all_weights(encoder):
    generator = SPADEGenerator(4, base_channels=2, modulation='inade', num_classes=3, instances=True, latent_dim=4,
                               image_size=(32, 48 // 32 * 32 + 32), noise_channels=Z, max_objects=ROWS)
    assert generator.latent_dim == encoder.latent_dim
    layout = layout_of()
    layout = Layout(*(torch.nn.functional.pad(each, (0, 16)) if torch.is_tensor(each) else each
                      for each in (layout.label, 3, None, layout.instance)))
    encoded = encoder(layout, torch.rand(2, 3, 32, 64))
    (generator(encoded)['image'].square().mean() + kl_divergence(*encoded.posterior)).backward()
    for part in (encoder, generator):
        assert not [name for name, weight in part.named_parameters()
                    if weight.grad is None or not weight.grad.isfinite().all()]


@pytest.mark.parametrize('size', [(32, 48), (30, 50)])
def test_a_photo_without_layout_is_one_object(encoder, size):
    encoder.eval()
    image = torch.rand(2, 3, *size)
    mean, log_variance = encoder.encode(image)
    assert mean.shape == log_variance.shape == (2, encoder.latent_dim) and not rows_of(mean)[0].any()
    noise = rows_of(mean)[1]
    assert torch.equal(noise, noise[:, :1].expand_as(noise))
    if size == (32, 48):
        one = Layout(torch.zeros(2, *size, dtype=torch.long), 3)
        torch.testing.assert_close(rows_of(encoder(one, image).latent)[1][:, 0], noise[:, 0])


def test_it_works_in_bfloat16_and_channels_last(encoder):
    encoder.eval()
    layout, image = layout_of(), torch.rand(2, 3, 32, 48) * 2 - 1
    expected = encoder(layout, image).latent
    encoder.to(memory_format=torch.channels_last)
    torch.testing.assert_close(encoder(layout, image).latent, expected)
    with torch.autocast('cpu', torch.bfloat16):
        found = encoder(layout, image)
        assert found.latent.dtype == torch.float32
        assert (found.latent - expected).abs().max() < 0.1 * expected.abs().max() + 1e-3


@pytest.mark.parametrize('name', ['max_objects', 'noise_channels'])
def test_objects_need_a_row_and_a_number_each(name):
    for kind in (ObjectNoiseEncoder, lambda **wrong: SPADEGenerator(in_channels=3, num_classes=3, modulation='inade',
                                                                    **wrong)):
        with pytest.raises(ValueError, match=f'{name}=0, expected a whole number from 1 on'):
            kind(**{name: 0})
