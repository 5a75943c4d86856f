"""An mmseg segmentor of a few thousand weights, and its checkpoint as mmengine would write it."""

import torch
from mmengine.registry import DefaultScope

CLASSES = 5


def config(num_classes=CLASSES, **preprocessor):
    norm = dict(type='SyncBN', requires_grad=True)
    wants = dict(mean=[120.0, 110.0, 100.0], std=[60.0, 50.0, 40.0], bgr_to_rgb=True, test_cfg=dict(size_divisor=4))
    return dict(
        type='EncoderDecoder', data_preprocessor=dict(type='SegDataPreProcessor', **(wants | preprocessor)),
        backbone=dict(type='UNet', base_channels=8, num_stages=3, strides=(1, 1, 1), enc_num_convs=(1, 1, 1),
                      dec_num_convs=(1, 1), downsamples=(True, True), enc_dilations=(1, 1, 1), dec_dilations=(1, 1),
                      norm_cfg=norm, init_cfg=dict(type='Pretrained', checkpoint='https://nowhere.invalid/unet.pth')),
        decode_head=dict(type='FCNHead', in_channels=8, in_index=2, channels=8, num_convs=1, concat_input=False,
                         num_classes=num_classes, norm_cfg=norm, align_corners=False,
                         loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)),
        pretrained='https://nowhere.invalid/other.pth', train_cfg=dict(), test_cfg=dict(mode='whole'))


def plain(**preprocessor):
    """The mmseg model itself, built by mmseg alone, with other statistics than a new one has."""
    import mmseg.models  # noqa: F401
    from mmengine.config import ConfigDict
    from mmengine.model import revert_sync_batchnorm
    from mmseg.registry import MODELS
    cfg = ConfigDict(config(**preprocessor))
    cfg['pretrained'] = cfg['backbone']['init_cfg'] = None
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = revert_sync_batchnorm(MODELS.build(cfg))
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return model.eval()


def save(model, path, **meta):
    torch.save(dict(state_dict=model.state_dict(), meta=meta, message_hub=dict()), path)
    return str(path)
