"""The first two training steps of every config of a checkout, narrowed and on made data, as lines of JSON.

``compare_commits.py`` starts it in the folder of a checkout, of which it uses ``narrow`` and the library, wherever that
commit has them: ``python -P first_steps.py CONFIG ...``. A line is ``[config, [values of stage 1, ...]]``:
the log by name, hexadecimal numbers of each step, and digests of the weights after these, by part of the model.
"""

import gc
import hashlib
import json
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

HOMES = dict(
    narrow=('helpers.narrow', 'narrow'), make_scenes=('helpers.narrow', 'narrow'),
    make_edge_maps=('helpers.narrow', 'narrow'), TREES=('helpers.narrow', 'narrow'),
    make_toycity=('semsynth.data.toycity',), load_config=('semsynth.config', 'semsynth.engine.launch'),
    build_runner=('semsynth.engine.launch', 'semsynth.engine'))
"""Modules in which commits have what is used here; a move adds a name in front."""
STEPS = {'train_cfg.max_iters': 2, 'default_hooks.pictures': None, 'default_hooks.checkpoint': None,
         **{f'val_{part}': None for part in ('cfg', 'dataloader', 'evaluator')}}
SEGMENTOR_STEPS = STEPS | {
    'train_dataloader.batch_size': 2, 'train_dataloader.num_workers': 0, 'log_level': 'ERROR', 'precision': 'float32',
    'visualizer.vis_backends': [dict(type='LocalVisBackend')]}
MEASURED = ('time', 'data_time', 'data_percent', 'images_per_second', 'memory')
"""Logged quantities that depend on the machine."""


def found(name):
    """What this commit calls by that name."""
    for home in HOMES[name]:
        try:
            return getattr(import_module(home), name)
        except (ImportError, AttributeError):
            continue
    raise ImportError(f'There is no {name} in {" or ".join(HOMES[name])}: add its module to HOMES in {__file__}.')


def main(configs):
    out, sys.stdout = sys.stdout, sys.stderr  # the library may print
    import torch
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, patch('mmengine.runner.runner.collect_env', dict), \
            patch('yapf.yapflib.yapf_api.FormatCode', lambda text, **style: (text, True)):
        folder = Path(folder)
        toycity = found('make_toycity')(folder / 'toycity', train=4, val=5, size=(48, 80))
        found('make_edge_maps')(toycity)
        trees = {name: found('make_scenes')(name, folder / name) for name in found('TREES')}
        for number, path in enumerate(configs):
            root = next((tree for name, tree in trees.items() if name in path), toycity)
            gc.collect()  # a runner and its loops refer to each other
            print(json.dumps([path, list(stages(path, root, folder / f'work_{number}'))]), file=out, flush=True)


def stages(path, root, work_dir):
    """Values of each stage of a config; what goes wrong is a value, too."""
    stage = 1
    while True:
        try:
            config = narrowed(path, root, stage)
        except IndexError:
            return
        except Exception:
            yield dict(error=traceback.format_exc())
            return
        try:
            yield steps(config, work_dir / str(stage))
        except Exception:
            yield dict(error=traceback.format_exc())
        stage += 1


def narrowed(path, root, stage):
    """The config of a stage; segmentors of mmseg, which are small, keep their widths."""
    if '/segmentors/' not in path:
        alone = {'train_dataloader.batch_size': 1} if 'cityscapes_sample' in path else {}  # crops of different sizes
        return found('narrow')(path, root, stage=stage, **STEPS, **alone)
    config = found('load_config')(path, SEGMENTOR_STEPS | dict(data_root=str(root)))
    return [config][stage - 1]


def steps(config, work_dir):
    """Train, and return what was logged and learnt."""
    runner = found('build_runner')(config, work_dir=work_dir)
    runner.train()
    values = {}
    for name, buffer in runner.message_hub.log_scalars.items():
        name = name.removeprefix('train/')
        if name not in MEASURED:
            values[name] = [float(value).hex() for value in buffer.data[0]]
    digests = {}
    for name, value in sorted(runner.model.state_dict().items()):
        digest = digests.setdefault(name.partition('.')[0], hashlib.sha256())
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().reshape(-1).numpy().tobytes())
    return values | {f'weights of {part}': digest.hexdigest()[:16] for part, digest in digests.items()}


if __name__ == '__main__':
    main(sys.argv[1:])
