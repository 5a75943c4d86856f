"""Conversion of official checkpoints and files of styles."""

from __future__ import annotations

import io
from pathlib import Path

import torch

from semsynth.converters import Converted, convert_part
from semsynth.converters.pix2pixhd_clusters import convert_clusters
from semsynth.styles import StyleBank
from semsynth.weights import load_checkpoint, weights_in
from semsynth.writing import check_out_file, write_whole


def convert_checkpoint(file: str | Path, source: str, part: str, out: str | Path, *,
                       add: bool = False) -> Converted:
    """Turn one official network's file into a checkpoint that tools and configs load.

    Args:
        file: the official state dict, read as data.
        source: the official code: ``'pix2pixhd'``, ``'spade'``, ``'oasis'`` or ``'ccfpse'``.
        part: ``'generator'``, ``'discriminator'`` or ``'encoder'``.
        out: the checkpoint, written whole or not at all. It replaces nothing but an earlier conversion of this part.
        add: keep the other parts that ``out`` holds, from earlier conversions.

    Returns:
        The weights, and the config of the network as a model's config has it in ``part``.

    Raises:
        FileNotFoundError: there is no such file; with ``add``, no ``out``.
        ValueError: it is not that network; ``out`` is ``file``, no place for a file, or holds something else; with
            ``add``, ``out`` was not converted.
    """
    check_out_file(out, (file,))
    if not add:
        _check_replaced(Path(out), part)
    official = weights_in(load_checkpoint(file), file)
    try:
        converted = convert_part(official, source, part)
    except ValueError as error:
        raise ValueError(f'{file}: {error}') from error
    checkpoint = _converted_before(out) if add else dict(state_dict={}, meta=dict(official={}))
    checkpoint['state_dict'] = {name: value for name, value in checkpoint['state_dict'].items()
                                if not name.startswith(f'{part}.')}
    checkpoint['state_dict'] |= {f'{part}.{name}': value for name, value in converted.state_dict.items()}
    checkpoint['meta']['official'][part] = dict(source=source, network=converted.network)
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    write_whole(out, buffer.getvalue())
    return converted


def convert_styles(file: str | Path, out: str | Path) -> int:
    """Turn pix2pixHD's clustered features, Cityscapes', into a file of styles.

    Args:
        file: such as ``features_clustered_010.npy``, read as data.
        out: the file of styles, which ``styles`` of a model names.

    Returns:
        Number of styles, of all classes.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it holds something else, or ``out`` does, or is no place for a file.
    """
    check_out_file(out, (file,))
    bank = convert_clusters(file)
    if Path(out).exists() and not _holds(Path(out), bank):
        raise ValueError(f'{out} is there already and holds something else than these styles, which would be lost: '
                         'name another file.')
    bank.save(out)
    return len(bank.centres)


def _holds(out: Path, bank: StyleBank) -> bool:
    try:
        held = StyleBank.load(out)
    except ValueError:
        return False
    return torch.equal(held.centres, bank.centres) and torch.equal(held.owners, bank.owners)


def _check_replaced(out: Path, part: str) -> None:
    if not out.exists():
        return
    try:
        official = set(load_checkpoint(out)['meta']['official'])
    except (ValueError, KeyError, TypeError):
        raise ValueError(f'{out} is there already, and was not made from official files: name another file.') from None
    if others := sorted(official - {part}):
        raise ValueError(f'{out} holds the {" and the ".join(others)} that was converted before, which would be lost: '
                         'keep it with --add, or name another file.')


def _converted_before(path: str | Path) -> dict:
    checkpoint = load_checkpoint(path)
    if 'official' not in checkpoint.get('meta', {}):
        raise ValueError(f'{path} was not made from official files, so that no part is added to it: write a new file.')
    return checkpoint
