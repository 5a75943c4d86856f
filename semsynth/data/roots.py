"""One variable for where the data are: a config's ``data_root``."""

from __future__ import annotations

from collections.abc import Mapping

from mmengine.config import Config


def merge_options(cfg: Config, options: Mapping | None) -> Config:
    """Override entries of a config, as ``--cfg-options`` does; ``data_root`` moves every dataset that lies there.

    mmengine alone would change only the variable: the datasets took its value when the file was read.

    Args:
        cfg: the config, changed in place.
        options: dotted keys and their values, or None.
    """
    options = dict(options or {})
    if 'data_root' in options and 'data_root' in cfg:
        _move(cfg._cfg_dict, cfg.data_root, options['data_root'])
    cfg.merge_from_dict(options)
    return cfg


def _move(node: object, old: str, new: str) -> None:
    if isinstance(node, dict):
        if node.get('data_root') == old:
            node['data_root'] = new
        for part in node.values():
            _move(part, old, new)
    elif isinstance(node, list | tuple):
        for part in node:
            _move(part, old, new)
