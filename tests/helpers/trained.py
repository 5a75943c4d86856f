"""A model as training leaves it, in no time: weights that matter, in a checkpoint."""

from pathlib import Path

import torch

from helpers.narrow import narrow
from semsynth.apis.building import build_for_inference
from semsynth.apis.inferencer import Inferencer


def trained(config, data_root, folder, *, iterations=7, **options) -> Inferencer:
    """The model of a config of the tree, narrowed, with random weights that it reads from ``folder/iter_7.pth``."""
    torch.manual_seed(0)
    config = narrow(config, data_root, **options)
    model = build_for_inference(config, None)
    with torch.no_grad():
        for name, each in model.state_dict().items():
            if each.is_floating_point() and 'running' not in name:
                each.copy_(torch.randn_like(each) / max(each[0].numel() if each.ndim > 1 else 1, 9)**0.5)
    path = Path(folder, f'iter_{iterations}.pth')
    path.parent.mkdir(parents=True, exist_ok=True)
    training = dict(optimizer=dict(generator={}), message_hub={}, ema_state_dict={'generator.x': torch.ones(1)},
                    meta=dict(iter=iterations, epoch=0, cfg=f'# of {folder}'))
    torch.save(dict(state_dict=model.state_dict(), **training), path)
    return Inferencer(config, path, device='cpu')
