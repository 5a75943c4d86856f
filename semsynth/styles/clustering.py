"""K-means over the styles of each class (pix2pixHD, 3.4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.cluster import KMeans

from semsynth.styles.bank import StyleBank
from semsynth.styles.instances import Instances


def cluster_styles(instances: Instances, classes: Sequence[str], clusters: int = 10, seed: int = 0) -> StyleBank:
    """Cluster the styles of each class.

    Every instance counts, however small: the released code's threshold on the area left rare and small classes without
    any cluster.

    Args:
        instances: of at least one photo.
        classes: names by class index.
        clusters: K, at least 1; a class with fewer instances, or fewer different styles, has as many clusters as those.
        seed: of K-means.

    Returns:
        A bank without thumbnails.
    """
    centres: list[np.ndarray] = []
    owners, members = [], torch.empty(len(instances), dtype=torch.long)
    for owner in instances.owners.unique().tolist():
        rows = (instances.owners == owner).nonzero().flatten()
        means, places = _k_means(instances.features[rows].double().numpy(), clusters, seed)
        members[rows] = torch.from_numpy(places) + len(centres)
        centres += means
        owners += [owner] * len(means)
    return StyleBank(torch.from_numpy(np.stack(centres)).float(), torch.tensor(owners), tuple(classes),
                     np.zeros((0, 0, 0, 3), np.uint8), instances=instances, members=members)


def _k_means(features: np.ndarray, clusters: int, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """K-means: the centres, largest cluster first, and the number of each row's cluster."""
    count = min(clusters, len(np.unique(features, axis=0)))
    fitted = KMeans(count, n_init=10, random_state=seed).fit(features)
    order = np.argsort(-np.bincount(fitted.labels_, minlength=count), kind='stable')
    return list(fitted.cluster_centers_[order]), np.argsort(order)[fitted.labels_]


def examples(bank: StyleBank, count: int) -> list[list[int]]:
    """For each cluster the instances that show it best: of the largest quarter of its members those nearest the centre.

    Args:
        bank: with instances.
        count: number of examples of a cluster; one with fewer members has as many as those.

    Returns:
        For each centre, places among the bank's instances, the nearest first.
    """
    chosen, (instances, members) = [], bank.clustered
    for number, centre in enumerate(bank.centres):
        rows = (members == number).nonzero().flatten()
        by_area = rows[instances.areas[rows].argsort(descending=True, stable=True)]
        large = by_area[:max(count, len(rows) // 4)]
        distance = (instances.features[large] - centre).norm(dim=1)
        chosen.append(large[distance.argsort(stable=True)][:count].tolist())
    return chosen
