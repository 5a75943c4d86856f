# Who judges results on Helen: no segmentor is published for it, so one that no training of ours sees, made by
# semsynth train_segmentor semsynth::segmentors/judge_helen.py, at the size that it is trained at; and FID.
judge = dict(type='Segmentor', config='semsynth::segmentors/judge_helen.py',
             checkpoint='work_dirs/judge_helen/final.pth')
test_evaluator = [dict(type='SegmentationEvaluator', judge=judge, size=(512, 512)),
                  dict(type='FrechetInceptionDistance')]
