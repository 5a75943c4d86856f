# pix2pixHD's global generator on ADE20K at a width of 512 (appendix A), no instance maps. The height follows each
# picture, so a batch is one picture.
_base_ = [
    '../_base_/models/pix2pixhd.py', '../_base_/datasets/ade20k.py', '../_base_/schedules/pix2pixhd_200e.py',
    '../_base_/judges/ade20k.py', '../_base_/default_runtime.py'
]
image_size = (None, 512)
batch_size = 1
model = dict(discriminator=dict(num_scales=2))
train_dataloader = dict(dataset=dict(jitter=None))
# Pictures have hundreds of sizes, and cuDNN would time its algorithms anew for each.
env_cfg = dict(cudnn_benchmark=False)
