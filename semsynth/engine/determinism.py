"""Random states as a function of the seed and the iteration, so that resuming needs no saved state."""

from __future__ import annotations

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from semsynth.data.draws import seed_all
from semsynth.engine.wrapping import bare
from semsynth.registry import HOOKS
from semsynth.seeds import mix


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seeds iteration i on rank r, so that its random state does not depend on what ran before.

    Validation starts from the same state every time, so that its results compare over a run.
    """

    priority = 'VERY_HIGH'

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        """Seed the iteration; tell the model its number."""
        seed_all(mix(runner.seed, get_rank(), runner.iter))
        bare(runner.model).iteration = runner.iter

    def before_val(self, runner: Runner) -> None:
        """Seed validation."""
        seed_all(mix(runner.seed, get_rank()))

    def before_test(self, runner: Runner) -> None:
        """Seed testing."""
        seed_all(mix(runner.seed, get_rank()))
