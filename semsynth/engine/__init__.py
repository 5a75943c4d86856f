"""Training runs: optimisers, the loop, hooks, checkpoints; `launch` starts one."""

from semsynth.engine.carry import CarryHook
from semsynth.engine.checkpoint import AtomicBackend, StrictCheckpointHook, latest_good_checkpoint
from semsynth.engine.determinism import IterationSeedHook
from semsynth.engine.ema import GeneratorEMAHook
from semsynth.engine.fetched import load_from_address
from semsynth.engine.logs import DeferredInfoHook
from semsynth.engine.loop import ResumableTrainLoop
from semsynth.engine.optim import Bf16OptimWrapper, PlayerOptimWrapper, PlayerOptimWrapperConstructor
from semsynth.engine.pictures import SamplePicturesHook
from semsynth.engine.rare_classes import RareClassSampler
from semsynth.engine.sampler import ResumableSampler
from semsynth.engine.schedule import LinearDecayLR
from semsynth.engine.vis_backends import GroupedTensorboardVisBackend, PicturesMLflowVisBackend
from semsynth.engine.wrapping import CapturableDataParallel

__all__ = ['AtomicBackend', 'Bf16OptimWrapper', 'CapturableDataParallel', 'CarryHook', 'DeferredInfoHook',
           'GeneratorEMAHook', 'GroupedTensorboardVisBackend', 'IterationSeedHook', 'LinearDecayLR',
           'PicturesMLflowVisBackend', 'PlayerOptimWrapper', 'PlayerOptimWrapperConstructor', 'RareClassSampler',
           'ResumableSampler', 'ResumableTrainLoop', 'SamplePicturesHook', 'StrictCheckpointHook',
           'latest_good_checkpoint', 'load_from_address']
