# As cityscapes.py, and beside it PSPNet, the kind of judge that pix2pixHD's table 1 had; its own weights are published
# nowhere. Scores of the two must not be compared with each other.
_base_ = 'cityscapes.py'
pspnet = dict(
    type='Segmentor', config='mmseg::pspnet/pspnet_r101-d8_4xb2-80k_cityscapes-512x1024.py',
    checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/pspnet/pspnet_r101-d8_512x1024_80k_cityscapes/'
               'pspnet_r101-d8_512x1024_80k_cityscapes_20200606_112211-e1e1100f.pth',
    class_map='cityscapes_35_to_19')
test_evaluator = [*_base_.test_evaluator, dict(type='SegmentationEvaluator', judge=pspnet, prefix='pspnet',
                                               protocol='cityscapes-pspnet-r101-v1')]
