# pix2pixHD from edges to photo (figs. 2 and 13) on ToyCity at 64x128, minutes on 2 CPU cores.
_base_ = [
    '../_base_/models/pix2pixhd_small.py', '../_base_/datasets/toycity_edges.py',
    '../_base_/schedules/pix2pixhd_short.py', '../_base_/judges/toycity.py', '../_base_/default_runtime.py'
]
# The judge's features only: there are no label maps that its labels could be compared with.
test_evaluator = [dict(type='FrechetDistance', judge=_base_.judge)]
default_hooks = dict(
    ema=dict(type='GeneratorEMAHook', momentum=0.002), logger=dict(interval=25), checkpoint=dict(interval=100),
    pictures=dict(interval=100))
