# Who judged results on ADE20K in SPADE, CC-FPSE, OASIS and ECGAN: CSAIL's UPerNet with its own weights, two files in
# http://sceneparsing.csail.mit.edu/model/pytorch/ade20k-resnet101-upernet; and FID. In place of judges/ade20k.py.
judge = dict(type='CSAILUPerNetSegmentor', encoder='weights/encoder_epoch_50.pth',
             decoder='weights/decoder_epoch_50.pth', class_map='ade20k_151_to_150')
test_evaluator = [dict(type='SegmentationEvaluator', judge=judge, protocol='ade20k-csail-upernet-101-v1'),
                  dict(type='FrechetInceptionDistance')]
