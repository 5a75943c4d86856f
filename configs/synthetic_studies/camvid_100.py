# The same with 100 photos, evenly spread over the films that they are from, and more images of each.
_base_ = 'camvid.py'
title = 'Synthetic training data on CamVid, 100 photos'
photos = 100
per_map = 8
