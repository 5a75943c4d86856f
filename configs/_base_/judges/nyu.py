# Who judges results on NYU: no segmentor is published for it, so one that no training of ours sees, made by
# semsynth train_segmentor semsynth::segmentors/judge_nyu.py; and FID.
judge = dict(type='Segmentor', config='semsynth::segmentors/judge_nyu.py',
             checkpoint='work_dirs/judge_nyu/final.pth', class_map='nyu_41_to_40')
test_evaluator = [dict(type='SegmentationEvaluator', judge=judge), dict(type='FrechetInceptionDistance')]
