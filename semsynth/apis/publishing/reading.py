"""Reading of a published folder: as data, whoever made it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch.overrides import TorchFunctionMode

from semsynth.apis.publishing.folder import CONFIG, FORMAT, SAMPLES, STYLES, WEIGHTS, Published, file_in, read_content
from semsynth.apis.publishing.known_types import check_model
from semsynth.arguments import check_value
from semsynth.engine.checkpoint import weight_differences
from semsynth.registry import MODELS
from semsynth.safe_reading.safetensors_file import tensors_in

MOST_PIXELS = 2**24
"""Of the largest size of layouts."""
ENTRIES: dict[str, Any] = dict(format=Literal[FORMAT], semsynth=str, model=dict, layouts=dict, facts=dict)
LAYOUTS: dict[str, Any] = dict(
    classes=Sequence[str], palette=Sequence[tuple[int, int, int]], things=Sequence[str], unknown=int | None,
    id_map=dict[str, int] | None, unknown_ids=Sequence[int], suffixes=dict[str, Sequence[str]],
    size=tuple[int | None, int | None], raw_channels=int | None, edges_as_raw=bool)
"""What files of layouts mean to the model: arguments of a ``LayoutReader``."""
_ENDING = re.compile(r'[^/\\\x00-\x1f]{1,100}')
_ID = re.compile(r'-?[0-9]{1,10}')


def read_published(folder: str | Path) -> Published:
    """Read a published folder, and check that its weights are those of its model.

    Nothing in it can run code: the config is JSON that names registered parts, weights and styles are numbers.

    Args:
        folder: as ``publish`` writes it.

    Raises:
        FileNotFoundError: there is no such folder, or a file is missing.
        ValueError: a file is a link, is damaged, or holds something else than a published model.
    """
    folder = Path(folder)
    path, weights = (file_in(folder, name) for name in (CONFIG, WEIGHTS))
    content = read_content(path)
    if content.get('format') != FORMAT:
        raise ValueError(f'{path} is no config of a published model in format {FORMAT}: use the semsynth that wrote '
                         'it, or a later one.')
    _check_entries(content, ENTRIES, str(path))
    check_model(content['model'], str(path))
    check_weights(content['model'], weights)
    _check_layouts(content['layouts'], str(path))
    own = dict(data_root=str(folder / SAMPLES), folders=dict(label='labels', instance='instances'))
    config = Config(dict(model={'type': 'Synthesizer', **content['model']}, layouts={**content['layouts'], **own}),
                    filename=str(path))
    if (folder / STYLES).exists():
        config.model.styles = str(file_in(folder, STYLES))
    return Published(folder, config, weights, content['facts'])


def check_weights(model: dict, path: Path) -> None:
    """Compare names and shapes of the weights in a file with those of a model, before there is memory for either.

    Args:
        model: its config, checked.
        path: of the file.

    Raises:
        ValueError: the model cannot be built, or the weights are not its own.
    """
    stored = tensors_in(path)
    try:
        with torch.device('meta'), _NumbersOnCPU(), DefaultScope.overwrite_default_scope('semsynth'):
            own = MODELS.build({'type': 'Synthesizer', **model}).state_dict()
    except Exception as error:  # settings of strangers make parts raise all sorts
        raise ValueError(f'{path.with_name(CONFIG)} describes no model that can be built: {error!s:.500}') from error
    saved = {name: torch.empty(head.shape, device='meta') for name, head in stored.items()}
    differences = weight_differences(own, saved) or [
        f'has numbers of another kind: {name}' for name, value in own.items()
        if value.is_floating_point() != stored[name].is_float]
    if differences:
        raise ValueError(f'{path} does not fit {path.with_name(CONFIG)} ({"; ".join(differences)}): one of the two was '
                         'changed, or is from another model; copy or download the folder again.')


class _NumbersOnCPU(TorchFunctionMode):
    """Within this, ranges of numbers have values even on the meta device: some backbones compute widths with them."""

    def __torch_function__(self, func: Callable, types: Any, args: Any = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        return func(*args, **({'device': 'cpu', **kwargs} if func in (torch.arange, torch.linspace) else kwargs))


def _check_entries(content: dict[str, Any], known: dict[str, Any], owner: str, place: str = '') -> None:
    """Refuse a dict that has not the very entries that it should have, of the right kinds."""
    if different := content.keys() ^ known.keys():
        name = sorted(different)[0]
        raise ValueError(f'{owner}: {place}{name} is ' + ('missing.' if name in known else
                         f'nothing that a published model has: it has {", ".join(known)}.'))
    for name, annotation in known.items():
        check_value(owner, f'{place}{name}', content[name], annotation)


def _check_layouts(layouts: dict[str, Any], owner: str) -> None:
    _check_entries(layouts, LAYOUTS, owner, 'layouts.')
    height, width = (side or 1 for side in layouts['size'])
    if height * width > MOST_PIXELS:
        raise ValueError(f'{owner}: layouts.size={layouts["size"]}, expected {MOST_PIXELS} pixels at most.')
    for ending in (each for endings in layouts['suffixes'].values() for each in endings):
        if not _ENDING.fullmatch(ending):
            raise ValueError(f'{owner}: layouts.suffixes: {ending!r} is no ending of a file.')
    if strangers := [key for key in layouts['id_map'] or () if not _ID.fullmatch(key)]:
        raise ValueError(f'{owner}: layouts.id_map: {strangers[0]!r:.50} is no id.')
