# A feature pyramid of 0.44 M weights: strided, dilated and leaky where segmentor_unet.py pools, and a Panoptic-FPN head
# that sums what it reads at every scale. It too starts at full size: networks that start at half size lose the poles.
norm = dict(type='BN', requires_grad=True)
model = dict(
    type='EncoderDecoder', _scope_='mmseg',
    data_preprocessor=dict(type='SegDataPreProcessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
                           bgr_to_rgb=True, seg_pad_val=255, test_cfg=dict(size_divisor=8)),
    backbone=dict(
        type='UNet', base_channels=16, num_stages=4, strides=(1, 2, 2, 2), downsamples=(True, True, True),
        enc_num_convs=(1, 2, 2, 2), dec_num_convs=(1, 1, 1), enc_dilations=(1, 1, 1, 2), dec_dilations=(1, 1, 1),
        norm_cfg=norm, act_cfg=dict(type='LeakyReLU', negative_slope=0.1)),
    decode_head=dict(
        type='FPNHead', in_channels=[16, 32, 64, 128], in_index=[3, 2, 1, 0], feature_strides=[1, 2, 4, 8], channels=16,
        dropout_ratio=0, norm_cfg=norm, align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)),
    train_cfg=dict(), test_cfg=dict(mode='whole'))
