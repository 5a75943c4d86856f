# Who judged results on COCO-Stuff in SPADE, CC-FPSE, OASIS and ECGAN: DeepLabV2 with its own weights, a release of
# https://github.com/kazuto1011/deeplab-pytorch; and FID. In place of judges/coco_stuff.py. Its classes are the ids.
judge = dict(type='DeepLabV2Segmentor', checkpoint='weights/deeplabv2_resnet101_msc-cocostuff164k-100000.pth')
test_evaluator = [dict(type='SegmentationEvaluator', judge=judge, protocol='coco-stuff-deeplabv2-101-v1'),
                  dict(type='FrechetInceptionDistance')]
