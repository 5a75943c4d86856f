# pix2pixHD's global generator on NYU Depth v2 at 427x561 (appendix A).
_base_ = [
    '../_base_/models/pix2pixhd.py', '../_base_/datasets/nyu.py', '../_base_/schedules/pix2pixhd_200e.py',
    '../_base_/judges/nyu.py', '../_base_/default_runtime.py'
]
model = dict(discriminator=dict(num_scales=2))
