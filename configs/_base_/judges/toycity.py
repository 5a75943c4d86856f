# Who judges results on ToyCity: a segmentor that no training sees, made by
# semsynth train_segmentor semsynth::segmentors/judge_toycity.py
judge = dict(type='Segmentor', config='semsynth::segmentors/judge_toycity.py',
             checkpoint='work_dirs/judge_toycity/final.pth')
test_evaluator = [dict(type='SegmentationEvaluator', judge=judge), dict(type='FrechetDistance', judge=judge)]
# The judge's features stand in for LPIPS, whose weights ToyCity does without.
diversity_evaluator = [dict(type='FeatureDiversity', judge=judge)]
