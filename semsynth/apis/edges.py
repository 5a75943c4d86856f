"""Files of edge maps for a config's training set."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from semsynth.arguments import check_arguments
from semsynth.config import dataset_of, load_config
from semsynth.data.pipeline import photo_at_edges
from semsynth.data.prepare.hed import HED, load_hed
from semsynth.data.prepare.parts import Part, refuse, write_parts
from semsynth.data.scene_dataset import SceneDataset
from semsynth.devices import find_device
from semsynth.errors import DataError
from semsynth.registry import DATASETS
from semsynth.writing import check_out_folder, encode_png


@check_arguments
def make_edges(config: str | Path | Config, weights: str | Path | None = None, device: str | None = None,
               cfg_options: dict | None = None) -> tuple[int, str]:
    """Write the HED edges of a config's training photos where its data set looks for them; what is there is skipped.

    They are of the photos as they are where the pipeline loads edge maps: resized, or as they are on disk with
    ``full_size=True``.

    Args:
        config: path or config, with ``train_dataloader = dict(dataset=dict(edges=dict(folder=...)))``.
        weights: HED's, see ``load_hed``.
        device: such as ``'cpu'``; the GPU where there is one by default.
        cfg_options: entries of the config to override.

    Returns:
        The number of edge maps, and their folder.

    Raises:
        ValueError: the config names no folder, or one of photos or maps, or the weights are not HED's.
        FileNotFoundError: the weights are nowhere.
        DataError: the data are unsound, or photos cannot be read; one line a problem. The others are done all the same.
    """
    config = load_config(config, cfg_options)
    settings = dataset_of(config, 'train')
    with DefaultScope.overwrite_default_scope('semsynth'):
        dataset = DATASETS.build({**settings, 'lazy_init': True})
        if not isinstance(dataset, SceneDataset) or 'edge' not in dataset.folders:
            raise ValueError(f'{config.filename}: train_dataloader.dataset has edges={settings.get("edges")}, which '
                             "needs no files: set edges=dict(folder='edges_hed').")
        scenes = DATASETS.build({**settings, 'edges': None, 'indices': None})
    if 'img_path' not in scenes.get_data_info(0):
        raise DataError(f'{dataset.folders["photo"]} holds no photos to find edges in.')
    folder = dataset.folders['edge']
    check_out_folder(folder, kept=[path for kind, path in dataset.folders.items() if kind != 'edge'])
    network, lock = load_hed(weights).to(find_device(device)), Lock()
    transforms = dataset.pipeline.transforms

    def make(number: int) -> tuple[bytes]:
        photo = photo_at_edges(transforms, scenes.get_data_info(number))
        with lock:  # files are read and written side by side, but one photo at a time fits into any memory
            return (encode_png(hed_edges(network, photo)),)

    names = [scenes.get_data_info(number)['name'] for number in range(len(scenes))]
    refuse(write_parts([Part((Path(folder, f'{name}{dataset.suffixes["edge"][0]}'),), partial(make, number))
                        for number, name in enumerate(names)], 'HED edges'))
    return len(names), folder


@torch.no_grad()
def hed_edges(network: HED, photo: np.ndarray) -> np.ndarray:
    """Soft edges, ``(H, W)`` uint8, 255 where an edge is certain, of a photo ``(H, W, 3)`` uint8 BGR."""
    image = torch.from_numpy(photo[..., ::-1].transpose(2, 0, 1).copy()).to(network.mean)
    return (network(image[None] / 127.5 - 1)[0, 0] * 255).round().byte().cpu().numpy()
