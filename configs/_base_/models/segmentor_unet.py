# A U-Net of 0.4 M weights: full size in its first stage, so that poles a pixel wide survive.
norm = dict(type='BN', requires_grad=True)
model = dict(
    type='EncoderDecoder', _scope_='mmseg',
    data_preprocessor=dict(type='SegDataPreProcessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
                           bgr_to_rgb=True, seg_pad_val=255, test_cfg=dict(size_divisor=8)),
    backbone=dict(
        type='UNet', base_channels=16, num_stages=4, strides=(1, 1, 1, 1), downsamples=(True, True, True),
        enc_num_convs=(1, 2, 2, 2), dec_num_convs=(1, 1, 1), enc_dilations=(1, 1, 1, 1), dec_dilations=(1, 1, 1),
        norm_cfg=norm),
    decode_head=dict(
        type='FCNHead', in_channels=16, in_index=3, channels=16, num_convs=0, concat_input=False, dropout_ratio=0,
        norm_cfg=norm, align_corners=False, loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)),
    train_cfg=dict(), test_cfg=dict(mode='whole'))
