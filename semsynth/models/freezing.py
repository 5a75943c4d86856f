"""Parts of a model that are not trained."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from semsynth.errors import did_you_mean


def freeze(model: nn.Module, prefixes: Iterable[str]) -> None:
    """Leave parameters out of training, so that neither optimisers nor ranks see them and no graph is kept for them.

    Only gradients stop: a frozen batch norm's running statistics, and a spectral norm's estimate, go on following the
    data, for the part stays in training mode.

    Args:
        model: the model.
        prefixes: dotted names of modules or parameters, such as ``'generator.global_network'``.

    Raises:
        ValueError: nothing that has parameters is called so; names the nearest that there is.
    """
    if isinstance(prefixes, str):
        raise ValueError(f'frozen={prefixes!r} must be a list of names: [{prefixes!r}].')
    parameters = dict(model.named_parameters())
    parts = {name.rsplit('.', dots)[0] for name in parameters for dots in range(name.count('.') + 1)}
    for prefix in prefixes:
        if prefix not in parts:
            whole = sorted(part for part in parts if '.' not in part)
            raise ValueError(f'frozen: {prefix!r} is no part of the model: '
                             + did_you_mean(prefix, parts, f'it has {", ".join(whole)}.'))
        for name, parameter in parameters.items():
            if name == prefix or name.startswith(f'{prefix}.'):
                parameter.requires_grad_(False)
