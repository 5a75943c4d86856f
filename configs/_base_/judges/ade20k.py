# Who judges results on ADE20K: UPerNet, no SegFormer, which a similarity loss might read; and FID.
judge = dict(
    type='Segmentor', config='mmseg::upernet/upernet_r101_4xb4-160k_ade20k-512x512.py',
    checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/upernet/upernet_r101_512x512_160k_ade20k/'
               'upernet_r101_512x512_160k_ade20k_20200615_161951-91b32684.pth',
    class_map='ade20k_151_to_150')
test_evaluator = [dict(type='SegmentationEvaluator', judge=judge, protocol='ade20k-upernet-r101-v1'),
                  dict(type='FrechetInceptionDistance')]
