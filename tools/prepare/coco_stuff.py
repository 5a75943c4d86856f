"""``semsynth prepare coco_stuff`` in a checkout."""
from semsynth.cli import main

if __name__ == '__main__':
    main('prepare', 'coco_stuff')
