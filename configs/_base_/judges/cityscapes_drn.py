# Who judged results on Cityscapes in SPADE, CC-FPSE, OASIS and ECGAN: DRN-D-105 with its own weights, which are in the
# folder http://go.yf.io/drn-cityscapes-models; and FID. In place of judges/cityscapes.py.
judge = dict(type='DRNSegmentor', checkpoint='weights/drn-d-105_ms_cityscapes.pth', class_map='cityscapes_35_to_19')
test_evaluator = [dict(type='SegmentationEvaluator', judge=judge, protocol='cityscapes-drn-d-105-v1'),
                  dict(type='FrechetInceptionDistance')]
