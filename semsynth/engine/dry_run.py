"""One step of training in a folder that is thrown away: does it fit, and what does it need?"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from semsynth.arguments import check_arguments
from semsynth.completion import complete, work_dir_of
from semsynth.config import load_config, read_config
from semsynth.engine.launch import build_runner, checked_stages
from semsynth.engine.memory import forget_peak, peak_memory
from semsynth.engine.stopping import stoppable
from semsynth.engine.wrapping import bare
from semsynth.layers.frozen import Frozen


@check_arguments
def dry_run(config: str | Path | Config, *, work_dir: str | Path | None = None, precision: str | None = None,
            cfg_options: dict | None = None) -> str:
    """Train for one step, on one rank; of every stage, where the config has some.

    It is training itself, in a folder that is thrown away and with one process that loads data, which stops after its
    first step. What training refuses before that is refused here. Arguments are those of ``train``; nothing is written
    into ``work_dir``, which the complete config names. A line on stderr says when checks are over and the step begins.

    Returns:
        A report: the complete config, as training saves it, parameter counts of each part, and the time and memory that
        the step needed.

    Raises:
        FloatingPointError: a loss of the first step is not finite.
        ValueError, OSError: as training does.
    """
    config = read_config(config, cfg_options)
    folder = work_dir_of(config, work_dir)
    stages = checked_stages(config, folder)
    print(f'Taking the first step of {config.filename}; this may take minutes.', file=sys.stderr)
    reports = [_one_step(stage, folder / f'stage_{number}' if config.get('stages') else folder, precision)
               for number, stage in enumerate(stages, 1)]
    if len(reports) > 1:
        reports = [f'Stage {number} of {len(reports)}\n{report}' for number, report in enumerate(reports, 1)]
    return '\n\n'.join(reports)


class FirstStepDone(Exception):  # noqa: N818  no error
    """Training has taken its first step."""


class FirstStepHook(Hook):
    """Measures the first step of training, and ends training with it.

    Attributes:
        seconds: that the step took.
        before: the most memory that was needed before it, in MB.
        after: the most memory that was needed until its end, in MB.
    """

    priority = 'HIGHEST'  # before pictures, log and checkpoints

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Start to measure."""
        self.before, self.start = peak_memory(), time.perf_counter()

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict | None = None) -> None:
        """End training.

        Raises:
            FirstStepDone: always, except that
            FloatingPointError: a loss is not finite.
        """
        shares = {name: share.item() for name, share in (outputs or {}).items()}  # waits for the device
        self.seconds, self.after = time.perf_counter() - self.start, peak_memory()
        if wrong := [name for name, share in shares.items() if not math.isfinite(share)]:
            raise FloatingPointError(f'The first step: {", ".join(wrong)} is not finite. Look for values out of range '
                                     'in the config: weights of losses, gains, the weights that training starts from.')
        raise FirstStepDone


def _one_step(config: Config, work_dir: Path, precision: str | None) -> str:
    config = complete(config, work_dir=work_dir, precision=precision)
    forget_peak()
    with tempfile.TemporaryDirectory() as folder:
        # a name of its own: mmengine would share a logger and a folder with a run that starts within the same second
        name = f'dry_run_{Path(folder).name}_{config.get("experiment_name", "")}'
        quiet = load_config(config, {'log_level': 'ERROR', 'experiment_name': name, 'train_dataloader.num_workers': 0})
        runner, step = build_runner(quiet, work_dir=folder), FirstStepHook()
        runner.register_hook(step)
        try:
            with stoppable():
                runner.train()
        except FirstStepDone:
            runner.visualizer.close()
    where = 'allocated on the GPU at most' if torch.cuda.is_available() else 'resident in this process at most'
    counts = '\n'.join(f'  {part}: {text}' for part, text in count_parameters(runner.model).items())
    return (f'{config.pretty_text}\nParameters\n{counts}\nMemory {where}: {step.after} MB '
            f'({step.before} MB before the first step), at batch size {runner.train_dataloader.batch_size}\n'
            f'Time of the first step: {step.seconds:.1f} s')


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
