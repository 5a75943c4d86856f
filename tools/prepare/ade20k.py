"""``semsynth prepare ade20k`` in a checkout."""
from semsynth.cli import main

if __name__ == '__main__':
    main('prepare', 'ade20k')
