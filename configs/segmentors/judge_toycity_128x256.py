# The judge of ToyCity at 128x256.
_base_ = 'judge_toycity.py'
data_root = '{{$TOYCITY_128X256_ROOT:data/toycity_128x256}}'
image_size = (128, 256)
batch_size = 4
