# A SegFormer of 0.2 M weights whose first patches are 2 pixels wide, not 4.
norm = dict(type='BN', requires_grad=True)
model = dict(
    type='EncoderDecoder', _scope_='mmseg',
    data_preprocessor=dict(type='SegDataPreProcessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
                           bgr_to_rgb=True, seg_pad_val=255),
    backbone=dict(
        type='MixVisionTransformer', embed_dims=16, num_stages=3, num_layers=[1, 2, 2], num_heads=[1, 2, 4],
        patch_sizes=[3, 3, 3], strides=[2, 2, 2], sr_ratios=[8, 4, 2], out_indices=(0, 1, 2), mlp_ratio=2, qkv_bias=True),
    decode_head=dict(
        type='SegformerHead', in_channels=[16, 32, 64], in_index=[0, 1, 2], channels=32, dropout_ratio=0,
        norm_cfg=norm, align_corners=False, loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)),
    train_cfg=dict(), test_cfg=dict(mode='whole'))
