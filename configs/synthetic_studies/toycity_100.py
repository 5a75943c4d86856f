# The same with 100 photos, and more images of each.
_base_ = 'toycity.py'
title = 'Synthetic training data on ToyCity, 100 photos'
photos = 100
per_map = 8
