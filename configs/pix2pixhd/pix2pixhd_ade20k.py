# pix2pixHD's global generator on ADE20K at a width of 512 (appendix A), no instance maps.
_base_ = [
    '../_base_/models/pix2pixhd.py', '../_base_/datasets/ade20k_width512.py', '../_base_/schedules/pix2pixhd_200e.py',
    '../_base_/judges/ade20k.py', '../_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(num_classes=_base_.num_classes, unknown=_base_.unknown),
    discriminator=dict(num_scales=2))
# Pictures have hundreds of sizes, and cuDNN would time its algorithms anew for each.
env_cfg = dict(cudnn_benchmark=False)
