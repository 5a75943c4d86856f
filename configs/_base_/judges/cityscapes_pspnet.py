# Who judges results on Cityscapes beside what pix2pixHD compares: DeepLabv3+ and FID, as in cityscapes.py, and PSPNet,
# the kind of judge that pix2pixHD's table 1 had; its own weights are published nowhere. Scores of the two must not be
# compared with each other.
judge = dict(
    type='Segmentor', config='mmseg::deeplabv3plus/deeplabv3plus_r101-d8_4xb2-80k_cityscapes-512x1024.py',
    checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/deeplabv3plus/'
               'deeplabv3plus_r101-d8_512x1024_80k_cityscapes/'
               'deeplabv3plus_r101-d8_512x1024_80k_cityscapes_20200606_114143-068fcfe9.pth',
    class_map='cityscapes_35_to_19')
pspnet = dict(
    type='Segmentor', config='mmseg::pspnet/pspnet_r101-d8_4xb2-80k_cityscapes-512x1024.py',
    checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/pspnet/pspnet_r101-d8_512x1024_80k_cityscapes/'
               'pspnet_r101-d8_512x1024_80k_cityscapes_20200606_112211-e1e1100f.pth',
    class_map='cityscapes_35_to_19')
test_evaluator = [
    dict(type='SegmentationEvaluator', judge=judge, protocol='cityscapes-deeplabv3plus-r101-v1'),
    dict(type='FrechetInceptionDistance'),
    dict(type='SegmentationEvaluator', judge=pspnet, prefix='pspnet', protocol='cityscapes-pspnet-r101-v1')]
