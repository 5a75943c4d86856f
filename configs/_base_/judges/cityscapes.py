# Who judges results on Cityscapes: DeepLabv3+, not the SegFormer that ECGAN's similarity loss reads; and FID.
judge = dict(
    type='Segmentor', config='mmseg::deeplabv3plus/deeplabv3plus_r101-d8_4xb2-80k_cityscapes-512x1024.py',
    checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/deeplabv3plus/'
               'deeplabv3plus_r101-d8_512x1024_80k_cityscapes/'
               'deeplabv3plus_r101-d8_512x1024_80k_cityscapes_20200606_114143-068fcfe9.pth',
    class_map='cityscapes_35_to_19')
test_evaluator = [dict(type='SegmentationEvaluator', judge=judge, protocol='cityscapes-deeplabv3plus-r101-v1'),
                  dict(type='FrechetInceptionDistance')]
