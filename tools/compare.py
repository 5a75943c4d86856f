"""``semsynth compare`` in a checkout."""
from semsynth.cli import main

if __name__ == '__main__':
    main('compare')
