# The rows of configs/ablations/pix2pixhd on ToyCity; the label generator's features stand in for VGG's.
_base_ = '../../pix2pixhd/pix2pixhd_toycity.py'
row = dict(like='../pix2pixhd/full.py')
