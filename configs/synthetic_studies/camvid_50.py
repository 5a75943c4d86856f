# The same with 50 photos, evenly spread over the films that they are from, and more images of each.
_base_ = 'camvid.py'
title = 'Synthetic training data on CamVid, 50 photos'
photos = 50
per_map = 8
