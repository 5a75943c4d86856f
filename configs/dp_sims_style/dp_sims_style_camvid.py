# DP-SIMS style on CamVid at 96x128, from labels alone, for 2 CPU cores. It needs pip install 'semsynth[weights]'.
_base_ = [
    '../_base_/models/dp_sims_style_small.py', '../_base_/datasets/camvid.py', '../_base_/schedules/camvid.py',
    '../_base_/judges/camvid.py', '../_base_/default_runtime.py'
]
default_hooks = dict(ema=dict(type='GeneratorEMAHook', momentum=0.002))
