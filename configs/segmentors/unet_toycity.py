# A small U-Net on ToyCity at 64x128: the label generator of the ToyCity configs.
_base_ = ['../_base_/datasets/toycity_64x128.py', '../_base_/segmentor_runtime.py']

norm = dict(type='BN', requires_grad=True)
model = dict(
    type='EncoderDecoder', _scope_='mmseg',
    data_preprocessor=dict(type='SegDataPreProcessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
                           bgr_to_rgb=True, seg_pad_val=255, size=_base_.image_size, test_cfg=dict(size_divisor=16)),
    backbone=dict(type='UNet', base_channels=16, norm_cfg=norm),
    decode_head=dict(type='FCNHead', in_channels=16, in_index=4, channels=16, num_convs=1, concat_input=False,
                     num_classes=19, dropout_ratio=0, norm_cfg=norm, align_corners=False),
    train_cfg=dict(), test_cfg=dict(mode='whole'))

# mmseg's order: labels are resized for training and left at their own size for testing.
train_pipeline = [*_base_.load, dict(type='mmseg.RandomFlip', prob=0.5), dict(type='mmseg.PackSegInputs')]
val_pipeline = [dict(type='LoadPhoto'), dict(type='ResizeScene', scale=_base_.image_size[::-1]),
                dict(type='LoadLabel'), dict(type='mmseg.PackSegInputs')]
train_dataloader = dict(batch_size=8, dataset=dict(instances=False, class_map=_base_.class_map,
                                                   pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(instances=False, class_map=_base_.class_map, pipeline=val_pipeline))
test_dataloader = val_dataloader
