# pix2pixHD's global generator on Helen faces at 1024x1024 (appendix A), no instance maps.
_base_ = [
    '../_base_/models/pix2pixhd.py', '../_base_/datasets/helen.py', '../_base_/schedules/pix2pixhd_200e.py',
    '../_base_/judges/helen.py', '../_base_/default_runtime.py'
]
