"""Distances between two sets of features, and how far they cover each other; all in float64."""

from __future__ import annotations

import torch
from torch import Tensor

ROUNDING = 1e-12
"""Share of the squares that a difference of them cannot be told from 0 by, in float64."""
ROWS = 1024
"""Features that are compared with all others at once, so that no whole matrix of pairs is kept."""


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """Squared Fréchet distance between the Gaussians fitted to two sets of features (Heusel et al., 2017, eq. 6).

    ``|m1 - m2|^2 + tr(S1) + tr(S2) - 2 tr((S1 S2)^(1/2))``. With ``S = A' A``, where ``A`` is the centred features over
    ``sqrt(n - 1)``, the last trace is the sum of the singular values of ``A1 A2'``: no root of a matrix is taken, and
    fewer images than features (a singular covariance) are no special case. In float64; a distance below its rounding
    errors, which equal sets have, is 0.

    Args:
        first, second: features ``(n, d)``, n at least 2.

    Raises:
        ValueError: a set has fewer than 2 images, or a feature is not finite.
    """
    first, second = _checked(first, second, 2, 'A Fréchet distance')
    means = first.mean(0) - second.mean(0)
    one, other = _scatter_root(first), _scatter_root(second)
    cross = torch.linalg.svdvals(one @ other.T).sum()
    spread = one.square().sum() + other.square().sum()
    distance = (means.square().sum() + spread - 2 * cross).item()
    return distance if distance > ROUNDING * spread.item() else 0.0


def kernel_distance(first: Tensor, second: Tensor) -> float:
    """Squared maximum mean discrepancy of two sets of features (Bińkowski et al., 2018), unbiased.

    The kernel is ``(x . y / d + 1)^3``. The paper averages over random subsets of 1000 images; here all images are one
    subset, which estimates the same number with less spread, and draws nothing. The estimate of equal distributions
    may be a little below 0.

    Args:
        first, second: features ``(n, d)``, n at least 2; the sets may differ in size.

    Raises:
        ValueError: a set has fewer than 2 images, or a feature is not finite.
    """
    first, second = _checked(first, second, 2, 'A kernel distance')
    across = sum(_kernel(rows, second).sum() for rows in first.split(ROWS)) / (len(first) * len(second))
    return float(_mean_of_others(first) + _mean_of_others(second) - 2 * across)


def precision_recall(generated: Tensor, real: Tensor, neighbours: int = 3) -> tuple[float, float]:
    """How far two sets of features lie within each other's manifolds (Kynkäänniemi et al., 2019, eq. 1 to 3).

    A manifold is the union of balls around a set's features, each as large as the distance to the k-th nearest other
    one of the set.

    Args:
        generated, real: features ``(n, d)``, n at least ``neighbours + 1``; the sets may differ in size.
        neighbours: k.

    Returns:
        Precision, the share of generated features within the real manifold, and recall, the share of real ones within
        the generated manifold; 0 to 1.

    Raises:
        ValueError: a set has too few images, or a feature is not finite.
    """
    generated, real = _checked(generated, real, neighbours + 1, f'Precision and recall with {neighbours} neighbours')
    return _share_within(generated, real, neighbours), _share_within(real, generated, neighbours)


def _checked(first: Tensor, second: Tensor, least: int, what: str) -> tuple[Tensor, Tensor]:
    verb = 'need' if ' and ' in what else 'needs'
    if min(len(first), len(second)) < least:
        raise ValueError(f'{what} {verb} at least {least} images a set; there are {len(first)} and {len(second)}.')
    if not (first.isfinite().all() and second.isfinite().all()):
        raise ValueError(f'{what} {verb} finite features; the images or the network have produced others.')
    return first.double(), second.double()


def _scatter_root(features: Tensor) -> Tensor:
    """Some ``A`` with ``A' A`` the covariance of the features ``(n, d)``, of at most d rows."""
    centred = (features - features.mean(0)) / (len(features) - 1) ** 0.5
    return torch.linalg.qr(centred, mode='r').R if len(centred) > centred.shape[1] else centred


def _kernel(one: Tensor, other: Tensor) -> Tensor:
    return (one @ other.T / one.shape[1] + 1) ** 3


def _mean_of_others(features: Tensor) -> Tensor:
    """The kernel's mean over all pairs of different features of a set."""
    itself = ((features.square().mean(1) + 1) ** 3).sum()
    every = torch.stack([_kernel(rows, features).sum() for rows in features.split(ROWS)]).sum()
    return (every - itself) / (len(features) * (len(features) - 1))


def _share_within(points: Tensor, manifold: Tensor, neighbours: int) -> float:
    centre = manifold.mean(0)
    points, manifold = points - centre, manifold - centre
    # of a product of matrices, the digits that are lost; without them a feature might lie beside its own ball
    rounding = ROUNDING * manifold.square().sum(1).max()
    # each feature is its own nearest one
    radii = torch.cat([_squared(rows, manifold).kthvalue(neighbours + 1).values for rows in manifold.split(ROWS)])
    inside = torch.cat([(_squared(rows, manifold) <= radii + rounding).any(1) for rows in points.split(ROWS)])
    return inside.double().mean().item()


def _squared(one: Tensor, other: Tensor) -> Tensor:
    """Squared distances of every two features."""
    return one.square().sum(1)[:, None] + other.square().sum(1) - 2 * one @ other.T
