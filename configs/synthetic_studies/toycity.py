# What images of OASIS, several of each label map, add to the training of a segmentor on ToyCity.
title = 'Synthetic training data on ToyCity'
generator = dict(config='semsynth::oasis/oasis_toycity.py')
segmentor = dict(config='semsynth::segmentors/unet_toycity.py')
judge = None  # the first segmentor that is trained on the real photos
photos = None  # all of the training split
per_map = 2
steps = 900  # on real photos, and on synthetic ones
longer = 2  # times as many on both, and on the real ones for longer
