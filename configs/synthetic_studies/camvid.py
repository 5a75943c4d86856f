# What images of OASIS, several of each label map, add to the training of a segmentor on CamVid's 367 photos.
title = 'Synthetic training data on CamVid'
generator = dict(config='semsynth::oasis/oasis_camvid.py')
segmentor = dict(config='semsynth::segmentors/unet_camvid.py')
judge = None  # the first segmentor that is trained on the real photos
photos = None  # all of the training split
per_map = 4
steps = 2000  # on real photos, and on synthetic ones
longer = 2  # times as many on both, and on the real ones for longer
