"""Connected components of maps, and where each pixel lies in its own, without a wait for the device."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import coo_array, csgraph
from torch import Tensor

STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))
"""Down and right, to each of the 4 neighbours."""


def connected_components(regions: Tensor) -> Tensor:
    """Number the connected components of a batch: neighbours, of 4, belong together where they have one value.

    On a CPU SciPy walks through them. On a GPU, which nobody waits for, all pixels do the same a fixed number of times
    (``rounds``): each takes the least number of its neighbours', and passes it on to the pixel whose place its own
    number was, so that numbers go as far again as they went before (Zhang, Azad, Buluç 2020, "FastSV").

    Args:
        regions: any integers, ``(B, H, W)``, those of label or instance maps.

    Returns:
        ``(B, H, W)`` long: numbers below ``B * H * W``, other ones for other components and images.
    """
    if regions.device.type == 'cpu' and not torch.compiler.is_compiling():
        return _walked(regions)
    return _spread_about(regions)


def rounds(height: int, width: int) -> int:
    """Rounds for any map of a size: 4 more than the number of pixels has binary digits. Spirals, snakes and noise of up
    to 512x1024 pixels needed as many as there are digits, label maps half of that.
    """
    return (height * width).bit_length() + 4


def centre_offsets(regions: Tensor) -> Tensor:
    """How far each pixel is from the centroid of its connected component, x before y (CLADE's positions).

    Each of both is divided by its largest absolute value in the component, so that it is in ``[-1, 1]``. It is 0 all
    over a component that is one pixel wide.

    Args:
        regions: any integers, ``(B, H, W)``.

    Returns:
        ``(B, 2, H, W)`` float32.
    """
    numbers = connected_components(regions).flatten()
    count, height, width = regions.shape
    across, down = (torch.arange(side, device=regions.device, dtype=torch.float32) for side in (width, height))
    places = torch.stack([across.expand(count, height, width), down[:, None].expand(count, height, width)], dim=-1)
    places = places.flatten(0, 2)
    nothing = torch.zeros_like(places)
    areas = torch.zeros_like(places[:, 0]).index_add(0, numbers, torch.ones_like(places[:, 0]))
    centres = nothing.index_add(0, numbers, places).index_select(0, numbers) / areas[numbers].unsqueeze(1)
    offsets = places - centres
    reach = nothing.scatter_reduce(0, numbers.unsqueeze(1).expand(-1, 2), offsets.abs(), 'amax')
    # means of whole numbers are off by some 1e-5: what is 0 must not be divided by that
    offsets = offsets / reach.index_select(0, numbers).clamp(min=0.1)
    return offsets.unflatten(0, regions.shape).movedim(-1, 1)


def _walked(regions: Tensor) -> Tensor:
    values = regions.numpy()
    places = np.arange(values.size, dtype=np.int32).reshape(values.shape)
    across, down = values[:, :, 1:] == values[:, :, :-1], values[:, 1:] == values[:, :-1]
    ends = (np.concatenate([places[:, :, 1:][across], places[:, 1:][down]]),
            np.concatenate([places[:, :, :-1][across], places[:, :-1][down]]))
    graph = coo_array((np.ones(len(ends[0]), bool), ends), (values.size, values.size))
    _, numbers = csgraph.connected_components(graph, directed=False)
    return torch.from_numpy(numbers.reshape(values.shape)).long()


def _spread_about(regions: Tensor) -> Tensor:
    shape = regions.shape
    alike = [_alike(regions, *step).flatten() for step in STEPS]
    parents = above = torch.arange(regions.numel(), device=regions.device)
    for _ in range(rounds(*shape[1:])):
        least = above
        for step, same in zip(STEPS, alike, strict=True):
            theirs = _shifted(above.view(shape), *step).flatten()
            least = torch.where(same, torch.minimum(least, theirs), least)
        parents = torch.minimum(parents.scatter_reduce(0, parents, least, 'amin'), least)
        above = parents[parents]
    return above.view(shape)


def _shifted(values: Tensor, down: int, right: int) -> Tensor:
    """The map with each pixel's neighbour up and left of it at its own place; 0 where there is none."""
    padded = F.pad(values, (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0)))
    height, width = values.shape[-2:]
    return padded[..., max(-down, 0):, max(-right, 0):][..., :height, :width]


def _alike(regions: Tensor, down: int, right: int) -> Tensor:
    """Whether that neighbour is in the picture and has the same value."""
    inside = _shifted(torch.ones_like(regions), down, right) == 1
    return inside & (_shifted(regions, down, right) == regions)
