"""What networks run on."""

from __future__ import annotations

import torch
from mmengine.device import get_device


def find_device(name: str | None = None) -> torch.device:
    """A device of this machine.

    Args:
        name: such as ``'cpu'``, ``'cuda'`` or ``'cuda:1'``; None takes the accelerator where there is one.

    Raises:
        ValueError: this machine has no such device; says which it has.
    """
    if name is None:
        return torch.device(get_device())
    there = ['cpu']
    if torch.accelerator.is_available() and (found := torch.accelerator.current_accelerator()):
        there += [f'{found.type}:{number}' for number in range(torch.accelerator.device_count())]
    if name not in there and name not in {device.partition(':')[0] for device in there}:
        raise ValueError(f'device={name}, but this machine has {", ".join(there)}.')
    return torch.device(name)
