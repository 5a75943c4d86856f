# CLADE with positions in connected components (ICPE) on ToyCity at 64x128, minutes on 2 CPU cores.
_base_ = [
    '../_base_/models/clade_small.py', '../_base_/datasets/toycity.py', '../_base_/schedules/toycity_short.py',
    '../_base_/judges/toycity.py', '../_base_/default_runtime.py'
]
model = dict(segmentor=_base_.label_generator, generator=dict(modulation='clade_icpe'))
default_hooks = dict(
    ema=dict(type='GeneratorEMAHook', momentum=0.002), logger=dict(interval=25), checkpoint=dict(interval=100),
    pictures=dict(interval=100))
