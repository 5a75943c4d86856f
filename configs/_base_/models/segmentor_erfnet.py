# An ERFNet of 0.28 M weights: factorised, dilated convolutions at 1/4 and 1/8, transposed ones up to 1/2, no skips.
norm = dict(type='BN', requires_grad=True)
model = dict(
    type='EncoderDecoder', _scope_='mmseg',
    data_preprocessor=dict(type='SegDataPreProcessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
                           bgr_to_rgb=True, seg_pad_val=255, test_cfg=dict(size_divisor=8)),
    backbone=dict(
        type='ERFNet', enc_downsample_channels=(16, 32, 64), enc_stage_non_bottlenecks=(2, 4),
        enc_non_bottleneck_dilations=(1, 2, 4, 8), enc_non_bottleneck_channels=(32, 64), dec_upsample_channels=(32, 16),
        dec_stages_non_bottleneck=(1, 1), dec_non_bottleneck_channels=(32, 16), dropout_ratio=0, norm_cfg=norm),
    decode_head=dict(
        type='FCNHead', in_channels=16, in_index=0, channels=16, num_convs=0, concat_input=False, dropout_ratio=0,
        norm_cfg=norm, align_corners=False, loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)),
    train_cfg=dict(), test_cfg=dict(mode='whole'))
