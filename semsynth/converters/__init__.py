"""Converters of official checkpoints: layers are renamed, weights and the order of channels stay the same."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from semsynth.converters import ccfpse, oasis, pix2pixhd, spade
from semsynth.converters.recognition import Converted, rename, tidy

SOURCES = dict(pix2pixhd=pix2pixhd.PARTS, spade=spade.PARTS, oasis=oasis.PARTS, ccfpse=ccfpse.PARTS)
"""By source and part, the function that recognises an official state dict."""

__all__ = ['SOURCES', 'Converted', 'convert', 'convert_part']


def convert(state_dict: Mapping[str, Tensor], source: str, part: str) -> dict[str, Tensor]:
    """Convert an official state dict to one that our network loads strictly and that gives the same outputs.

    Args:
        state_dict: as the official code saves it; ``module.`` of DataParallel, half precision, the statistics that
            instance norm kept in torch 0.3 and any torch's way to store spectral norm may be in it.
        source: the official code: ``'pix2pixhd'``, ``'spade'``, ``'oasis'`` or ``'ccfpse'``.
        part: ``'generator'``, ``'discriminator'`` or ``'encoder'``.

    Returns:
        Float32 tensors by our names; no channel is permuted.

    Raises:
        ValueError: source or part is unknown, or keys or shapes are not those of the official network; names them.
    """
    return convert_part(state_dict, source, part).state_dict


def convert_part(state_dict: Mapping[str, Tensor], source: str, part: str) -> Converted:
    """As ``convert``; also returns the config of the network, whose sizes are read from the weights."""
    if source not in SOURCES:
        raise ValueError(f'source={source!r} is unknown; use one of {", ".join(SOURCES)}.')
    parts = SOURCES[source]
    if part not in parts:
        raise ValueError(f'part={part!r} is unknown for source={source!r}; use one of {", ".join(parts)}.')
    what = f'{source} {part}'
    tidied = tidy(state_dict, what)
    return rename(tidied, parts[part](tidied, what), part, what)
