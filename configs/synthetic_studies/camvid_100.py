# The same with 100 photos, evenly spread over the films that they are from, and more images of each.
_base_ = 'camvid.py'
photos = 100
per_map = 8
