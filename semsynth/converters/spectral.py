"""Names of spectral norm's tensors, of which torch versions have used three sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor

NEW_NAMES = {'parametrizations.weight.original': 'weight_orig', 'parametrizations.weight.0._u': 'weight_u',
             'parametrizations.weight.0._v': 'weight_v'}
"""``torch.nn.utils.parametrizations.spectral_norm``'s name of each tensor, as networks of ours have it, and that of the
older ``torch.nn.utils.spectral_norm``."""


def unify_spectral(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Spectral norm's tensors as ``weight_orig``, ``weight_u`` and ``weight_v``, whichever torch stored them.

    Up to 0.4.1, torch stored no ``weight_v``, but the normalised ``weight``. What is missing is made so that the
    singular value is the stored one, or, where ``weight`` is missing too, the estimate after half an iteration more.
    """
    unified = {_old_name(name): value for name, value in state_dict.items()}
    for layer in [name.removesuffix('.weight_orig') for name in unified if name.endswith('.weight_orig')]:
        normalised, u = unified.pop(f'{layer}.weight', None), unified.get(f'{layer}.weight_u')
        if u is not None and f'{layer}.weight_v' not in unified:
            unified[f'{layer}.weight_v'] = _missing_v(unified[f'{layer}.weight_orig'], u, normalised)
    return unified


def spectral_names(layers: Mapping[str, str]) -> dict[str, str]:
    """Our names of spectral norm's tensors, from our name of each official layer."""
    return {f'{theirs}.{old}': f'{ours}.{new}' for theirs, ours in layers.items() for new, old in NEW_NAMES.items()}


def plain_names(layers: Mapping[str, str], kinds: Iterable[str] = ('weight', 'bias')) -> dict[str, str]:
    """Our names of each layer's weight and bias, or of other tensors, from our name of each official layer."""
    return {f'{theirs}.{kind}': f'{ours}.{kind}' for theirs, ours in layers.items() for kind in kinds}


def _old_name(name: str) -> str:
    new = next((new for new in NEW_NAMES if name.endswith(f'.{new}')), None)
    return name if new is None else name.removesuffix(new) + NEW_NAMES[new]


def _missing_v(original: Tensor, u: Tensor, normalised: Tensor | None) -> Tensor:
    """The v for which ``u W v`` is the official network's estimate of the singular value."""
    direction = original.flatten(1).double().T @ u.double()
    length = direction.norm()
    sigma = length if normalised is None else original.double().norm() / normalised.double().norm()
    return (direction * sigma / length**2).to(original.dtype)
