"""The rows of an ablation, read from a folder of configs; which of their settings a result stands for."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config

from semsynth.arguments import check_value
from semsynth.config import read_config, stage_configs
from semsynth.config_files import find_config
from semsynth.writing import hash_settings

ROW = dict(title=str, order=float, paper=Mapping[str, float], conditions=str, like=str)
"""The keys of ``row`` in a config; ``like`` is the config of a row from which it takes the others."""
LEFT_OUT = 'left_out.yml'
"""The file, beside the configs, of the rows that a paper's table has and the folder has no config of."""
LEFT_OUT_ROW = {key: kind for key, kind in ROW.items() if key != 'like'} | dict(reason=str)
SETTINGS = ('model', 'train_cfg', 'train_dataloader', 'optim_wrapper', 'param_scheduler', 'precision', 'load_from',
            'carry_from', 'test_dataloader', 'test_evaluator')
"""The entries of a stage that a result depends on, beside the seed and the average of the weights."""
NO_SETTINGS = ('data_root', 'checkpoint', 'num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor',
               'val_interval')
"""Keys in them that differ between machines, or that no weight depends on. Judges are known by their weights' hash."""


@dataclass
class Row:
    """One config of an ablation.

    Args:
        name: the config's file name, without ending.
        config: as read, with the command line's options.
        title: what the table calls it.
        order: rows with a number come first, in this order; the others follow by file name.
        paper: the paper's figures by name of the score.
        conditions: under which the paper's figures were measured: where they stand, by whom, by which judge, of images
            of which size.
        left_out: why there is no config, of a row that stands in the table for the paper's figures alone.
        parameters: numbers of the generator's and of all trained parameters, by ``check_rows``.
        has_styles: whether its encoder makes styles, which must be encoded before it is judged; by ``check_rows``.
        unequal: conditions in which it differs from the first row, by dotted key: its value, and the first row's; by
            ``check_conditions``.
    """

    name: str
    config: Config
    title: str
    order: float = float('inf')
    paper: Mapping[str, float] = field(default_factory=dict)
    conditions: str = ''
    left_out: str = ''
    parameters: dict[str, int] = field(default_factory=dict)
    has_styles: bool = False
    unequal: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def is_judged_on_other_scenes(self) -> bool:
        """Whether its test set is not the first row's."""
        return any(key.startswith('test_dataloader') for key in self.unequal)

    @cached_property
    def settings_hash(self) -> str:
        """Eight digits that stand for all that its result depends on but seed, weights of judges, and data."""
        stages = [stage.to_dict() for stage in stage_configs(self.config)]
        return hash_settings(stages=[
            _without({key: stage.get(key) for key in SETTINGS}, NO_SETTINGS)
            | dict(ema=(stage.get('default_hooks') or {}).get('ema'), custom_hooks=stage.get('custom_hooks'))
            for stage in stages])

    @property
    def own_conditions(self) -> str:
        """Size, batch and length of its training, in words; of the last stage, where it has several."""
        stage = stage_configs(self.config)[-1]
        length = (f'{stage.train_cfg.max_iters} steps' if stage.train_cfg.get('max_iters') is not None else
                  f'{stage.train_cfg.max_epochs} epochs')
        size = 'x'.join('any' if side is None else str(side)
                        for side in stage.test_dataloader.dataset.get('size') or ('size as on disk',))
        return f'{size}, batch {stage.train_dataloader.batch_size}, {length}'

    @property
    def judged_by(self) -> str:
        """Its evaluators, by the name of their protocol where they have one, else by their kind and their judge."""
        found = stage_configs(self.config)[-1].test_evaluator
        names = []
        for each in found if isinstance(found, list | tuple) else [found]:
            network = (each.get('judge') or {}).get('config')
            by = f' by {Path(network).stem}' if isinstance(network, str) else ''
            names.append(each.get('protocol') or f'{each["type"]}{by}')
        return ', '.join(names)


def read_rows(folder: str | Path, cfg_options: dict | None = None) -> list[Row]:
    """The rows of a folder, in the table's order.

    What a config's file itself says in ``row=dict(title=, order=, paper=dict(SCORE=VALUE), conditions=)`` counts, not
    what it is based on: none shall inherit another one's figures. With ``row=dict(like='../ecgan/e_gi.py')`` a row
    takes them from another row's file, so that a paper's figures are written once; figures of its own are added. Where
    it has no judge of the prefix of a figure's name, such as ``pspnet/``, the figure stands without it. Rows of a paper
    that cannot be trained stand in ``left_out.yml``, each with a ``reason``.

    Args:
        folder: whose ``*.py`` are configs; folders below it are not looked at. Or a name, such as
            ``'semsynth::ablations/ecgan'``.
        cfg_options: entries of every config to override.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it has no config, a ``row`` cannot be read, or two rows have one title.
    """
    folder = find_config(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f'There is no folder {folder}: name one whose configs are the rows of an ablation.')
    rows = []
    for path in sorted(path for path in folder.glob('*.py') if path.name[0] != '.'):  # macOS leaves ._NAME
        config = read_config(path, cfg_options)
        rows.append(Row(path.stem, config, **{'title': path.stem, **_own_row(path, config)}))
    if not rows:
        raise ValueError(f'{folder} holds no config: each of its .py files is a row of the ablation.')
    rows += _left_out(folder / LEFT_OUT)
    rows.sort(key=lambda row: (row.order, row.name))
    titles = [row.title for row in rows]
    if twins := [row.name for row in rows if titles.count(row.title) > 1]:
        raise ValueError(f'{folder}: {", ".join(twins)} have one title; give each a row=dict(title=...) of its own.')
    return rows


def _own_row(path: Path, config: Config, alike: tuple[Path, ...] = ()) -> dict[str, Any]:
    """What a config's file itself assigns to ``row``, whatever it is based on, and the file that it says it is like."""
    row = _written_row(path)
    if 'like' not in row:
        return row
    other = Path(path.parent, find_config(row.pop('like')))
    if not other.is_file() or other.resolve() in (path.resolve(), *alike):
        found = 'this row itself' if other.is_file() else 'no file'
        raise ValueError(f'{path}: row is like {other}, which is {found}: name the config of another row, relative to '
                         'this one.')
    liked = _own_row(other, config, (*alike, path.resolve()))
    paper = {**_named_as_judged(liked.get('paper', {}), config), **row.pop('paper', {})}
    return {**liked, **row, 'paper': paper}


def _named_as_judged(paper: Mapping[str, float], config: Config) -> dict[str, float]:
    """A paper's figures by the names of the row's scores: without the prefix of a judge that it has not."""
    evaluators = config.get('test_evaluator') or []
    prefixes = [each.get('prefix') for each in (evaluators if isinstance(evaluators, list) else [evaluators])]
    return {name if name.partition('/')[0] in prefixes else name.rpartition('/')[2]: value
            for name, value in paper.items()}


def _written_row(path: Path) -> dict[str, Any]:
    """The value of ``row`` in the file itself, not in its base configs."""
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == 'row' for target in node.targets):
            try:
                row = eval(compile(ast.Expression(node.value), str(path), 'eval'), {'dict': dict})
            except NameError as error:
                raise ValueError(f'{path}: row must be written out in plain values ({error}).') from None
            if not isinstance(row, dict) or set(row) - set(ROW):
                raise ValueError(f'{path}: row={row!r}, expected dict({"=, ".join(ROW)}=), each optional.')
            for name, value in row.items():
                check_value(f'{path}: row', name, value, ROW[name])
            return row
    return {}


def _left_out(path: Path) -> list[Row]:
    """The rows that are no configs; none where there is no such file."""
    if not path.is_file():
        return []
    written = yaml.safe_load(path.read_text(encoding='utf-8'))
    if not isinstance(written, dict):
        raise ValueError(f'{path}: expected a row a key, each with {", ".join(LEFT_OUT_ROW)}.')
    rows = []
    for name, row in written.items():
        if not isinstance(row, dict) or set(row) - set(LEFT_OUT_ROW) or not row.get('reason'):
            raise ValueError(f'{path}: {name}={row!r}, expected {", ".join(LEFT_OUT_ROW)}, of which reason must be '
                             'there.')
        for key, value in row.items():
            check_value(f'{path}: {name}', key, value, LEFT_OUT_ROW[key])
        reason = row.pop('reason')
        rows.append(Row(name, Config(), left_out=reason, **{'title': name, **row}))
    return rows


def _without(value: Any, keys: Collection[str]) -> Any:
    """A copy without entries of these names, however deep they lie."""
    if isinstance(value, Mapping):
        return {key: _without(each, keys) for key, each in value.items() if key not in keys}
    return [_without(each, keys) for each in value] if isinstance(value, list | tuple) else value
