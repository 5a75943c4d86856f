# CC-FPSE on COCO-Stuff at 256x256, 100 + 100 epochs. batch_size is per GPU; 32 in all is SPADE's.
_base_ = [
    '../_base_/models/ccfpse.py', '../_base_/datasets/coco_stuff.py', '../_base_/schedules/spade_200e.py',
    '../_base_/judges/coco_stuff.py', '../_base_/default_runtime.py'
]
