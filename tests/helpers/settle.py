"""Networks under spectral norm as training leaves them: a new one's weights are divided by an arbitrary number."""

from torch import nn
from torch.nn.utils import parametrize


def settle(network: nn.Module, times: int = 100) -> nn.Module:
    """The network in eval mode, each weight's largest singular value estimated well."""
    network.train()
    for layer in network.modules():
        if parametrize.is_parametrized(layer, 'weight'):
            for _ in range(times):
                layer.weight  # noqa: B018  (each reading is an iteration)
    return network.eval()
