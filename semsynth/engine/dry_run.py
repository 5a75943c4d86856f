"""One step of training in a folder that is thrown away: does it fit, and what does it need?"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import torch
from mmengine.config import Config

from semsynth.engine.launch import build_runner, check_data, load_config, read_config
from semsynth.engine.memory import forget_peak, peak_memory
from semsynth.engine.stages import stage_configs
from semsynth.engine.wrapping import bare
from semsynth.layers.frozen import Frozen


def dry_run(config: str | Path | Config, *, precision: str | None = None,
            cfg_options: dict | None = None) -> str:
    """Train for one step; of every stage, where the config has some.

    Returns:
        A report: the resolved config, parameter counts of each part, and the time and memory that the step needed.
    """
    reports = [_one_step(stage, precision) for stage in stage_configs(read_config(config, cfg_options))]
    if len(reports) > 1:
        reports = [f'Stage {number} of {len(reports)}\n{report}' for number, report in enumerate(reports, 1)]
    return '\n\n'.join(reports)


def _one_step(config: Config, precision: str | None) -> str:
    check_data(config)
    forget_peak()
    with tempfile.TemporaryDirectory() as folder:
        # a name of its own: mmengine would share a logger and a folder with a run that starts within the same second
        name = f'dry_run_{config.get("experiment_name", "")}'
        quiet = load_config(config, {'log_level': 'ERROR', 'experiment_name': name, 'train_dataloader.num_workers': 0})
        runner = build_runner(quiet, work_dir=folder, precision=precision)
        config.precision = runner.cfg.precision  # as the run would save it
        before = peak_memory()
        data = next(iter(runner.train_dataloader))
        optimisers = runner.build_optim_wrapper(runner.optim_wrapper)
        runner.model.train()
        start = time.perf_counter()
        sum(runner.model.train_step(data, optimisers).values()).item()  # waits for the device
        seconds, after = time.perf_counter() - start, peak_memory()
    where = 'allocated on the GPU at most' if torch.cuda.is_available() else 'resident in this process at most'
    counts = '\n'.join(f'  {part}: {text}' for part, text in count_parameters(runner.model).items())
    return (f'{config.pretty_text}\nParameters\n{counts}\nMemory {where}: {after} MB '
            f'({before} MB before the first step), at batch size {runner.train_dataloader.batch_size}\n'
            f'Time of the first step: {seconds:.1f} s')


def count_parameters(model: torch.nn.Module) -> dict[str, str]:
    """Number of trained and frozen parameters of each part of a model that has any."""
    counts = {}
    for name, part in bare(model).named_children():
        held = [holder.network for holder in part.modules() if isinstance(holder, Frozen)]
        own = list(part.parameters())
        frozen = [p for p in own if not p.requires_grad] + [p for network in held for p in network.parameters()]
        numbers = dict(trained=sum(p.numel() for p in own if p.requires_grad), frozen=sum(p.numel() for p in frozen))
        counts[name] = ', '.join(f'{number:,} {kind}' for kind, number in numbers.items() if number)
    return {name: text for name, text in counts.items() if text}
