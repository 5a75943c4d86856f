# The rows of configs/ablations/pix2pixhd on ToyCity; the label generator's features stand in for VGG's.
_base_ = '../../pix2pixhd/pix2pixhd_toycity.py'
model = dict(
    segmentor=dict(type='Segmentor', config='configs/segmentors/unet_toycity.py',
                   checkpoint='work_dirs/unet_toycity/final.pth'),
    losses=dict(perceptual=dict(type='SegmentorFeatureLoss', weight=5)))
