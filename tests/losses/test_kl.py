from types import SimpleNamespace

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from semsynth.layout import Layout
from semsynth.losses import KLLoss
from semsynth.losses import kl as module


def test_equals_torchs_divergence_summed_over_dimensions():
    mean, log_variance = torch.randn(5, 7).double(), torch.randn(5, 7).double()
    posterior = Normal(mean, (log_variance / 2).exp())
    expected = kl_divergence(posterior, Normal(torch.zeros(5, 7).double(), 1)).sum() / 5
    torch.testing.assert_close(module.kl_divergence(mean, log_variance), expected)


def test_a_number_by_hand():
    """One image: (1 + 1 - 1 - 0) / 2 and (0 + 4 - 1 - ln 4) / 2; the other is 0; the mean of both images."""
    mean, log_variance = torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[1.0, 4.0], [1.0, 1.0]]).log()
    by_hand = (0.5 + (3 - 1.3862944) / 2) / 2
    assert module.kl_divergence(mean, log_variance).item() == pytest.approx(by_hand)
    assert module.kl_divergence(mean.repeat(3, 1), log_variance.repeat(3, 1)).item() == pytest.approx(by_hand)


def test_gradients():
    torch.autograd.gradcheck(module.kl_divergence, [torch.randn(3, 4).double().requires_grad_() for _ in range(2)])


def test_reads_the_layouts_posterior_in_float32():
    posterior = torch.randn(2, 3, dtype=torch.bfloat16), torch.randn(2, 3, dtype=torch.bfloat16)
    layout = Layout(raw=torch.zeros(2, 1, 4, 4), posterior=posterior)
    value = KLLoss().for_generator(SimpleNamespace(layout=layout))
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, module.kl_divergence(*(part.float() for part in posterior)))
    assert KLLoss().weight == 0.05
