# Who judges results on COCO-Stuff: DeepLabv3, as mmseg publishes neither UPerNet nor SegFormer for it; and FID.
judge = dict(
    type='Segmentor', config='mmseg::deeplabv3/deeplabv3_r101-d8_4xb4-320k_coco-stuff164k-512x512.py',
    checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/deeplabv3/'
               'deeplabv3_r101-d8_512x512_4x4_320k_coco-stuff164k/'
               'deeplabv3_r101-d8_512x512_4x4_320k_coco-stuff164k_20210709_155402-3cbca14d.pth',
    class_map='coco_stuff_183_to_171')
test_evaluator = [dict(type='SegmentationEvaluator', judge=judge, protocol='coco-stuff-deeplabv3-r101-v1'),
                  dict(type='FrechetInceptionDistance')]
