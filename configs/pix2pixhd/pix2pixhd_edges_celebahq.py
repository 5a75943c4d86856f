# pix2pixHD from edges to faces (figs. 2 and 13): CelebA-HQ at 1024x1024, the local enhancer trained all at once.
_base_ = [
    '../_base_/models/pix2pixhd.py', '../_base_/datasets/celebahq_edges.py',
    '../_base_/schedules/pix2pixhd_200e.py', '../_base_/default_runtime.py'
]
model = dict(generator=dict(
    _delete_=True, type='LocalEnhancer', base_channels=32, num_enhancers=1, num_blocks=3, num_global_downsamples=4,
    num_global_blocks=9, head=dict(type='RGBHead')))
test_evaluator = [dict(type='FrechetInceptionDistance')]
