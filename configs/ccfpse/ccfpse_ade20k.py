# CC-FPSE on ADE20K at 256x256, no instance maps, 100 + 100 epochs. batch_size is per GPU; 32 in all is SPADE's.
_base_ = [
    '../_base_/models/ccfpse.py', '../_base_/datasets/ade20k.py', '../_base_/schedules/spade_200e.py',
    '../_base_/judges/ade20k.py', '../_base_/default_runtime.py'
]
