# CRN on ADE20K at 256x256, a module at every size from 4x4. Total batch 32, SPADE's: batch_size is per rank.
_base_ = [
    '../_base_/models/crn.py', '../_base_/datasets/ade20k.py', '../_base_/schedules/crn_200e.py',
    '../_base_/judges/ade20k.py', '../_base_/default_runtime.py'
]
model = dict(generator=dict(widths=(1024, 1024, 1024, 1024, 1024, 512, 512)))
