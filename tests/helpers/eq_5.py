"""Eq. 5 of ECGAN as it stands, pixel by pixel."""

import torch
import torch.nn.functional as F


def eq_5(embeddings, classes, temperature, memory=(), memory_classes=()):
    """The mean over the anchors that have a positive; pixels of class -1 are left out, past ones are no anchors."""
    here = [(F.normalize(row, dim=0), int(kind)) for row, kind in zip(embeddings, classes, strict=True) if kind >= 0]
    past = [(row, int(kind)) for row, kind in zip(memory, memory_classes, strict=True) if kind >= 0]
    anchors = []
    for i, (anchor, its_class) in enumerate(here):
        others = here[:i] + here[i + 1:] + past
        negatives = sum((anchor @ row / temperature).exp() for row, kind in others if kind != its_class)
        positives = [(anchor @ row / temperature).exp() for row, kind in others if kind == its_class]
        if positives:
            anchors.append(sum(-torch.log(e / (e + negatives)) for e in positives) / len(positives))
    return sum(anchors) / len(anchors) if anchors else torch.zeros(())
