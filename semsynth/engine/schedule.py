"""Learning rate schedules."""

from __future__ import annotations

from mmengine.optim import LinearLR, OptimWrapper
from torch.optim import Optimizer

from semsynth.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class LinearDecayLR(LinearLR):
    """Constant for a fraction of training, then linear to 0, which it reaches when training has ended: the last
    iteration still learns, by one of the steps in which the rate falls.

    ``dict(type='LinearDecayLR', constant=0.5, by_epoch=False)`` is pix2pixHD's 100 + 100 epochs, and follows
    ``train_cfg`` when that is made longer or shorter.

    Args:
        optimizer: the optimiser.
        constant: the fraction, in ``[0, 1)``.
        end: number of iterations of training; the runner fills it in.
        by_epoch: must be False: it steps every iteration (and the runner's ``end`` is then in iterations).

    Raises:
        ValueError: ``constant`` is not a fraction, or ``by_epoch`` is True.
    """

    def __init__(self, optimizer: Optimizer | OptimWrapper, constant: float, end: int, by_epoch: bool = True):
        if by_epoch:
            raise ValueError('LinearDecayLR steps every iteration: write by_epoch=False in param_scheduler.')
        if not 0 <= constant < 1:
            raise ValueError(f'LinearDecayLR: constant={constant} must be a fraction of training, from 0 to below 1.')
        begin = min(round(constant * end), end - 1)
        super().__init__(optimizer, start_factor=1.0, end_factor=0.0, begin=begin, end=end + 1, by_epoch=False)
