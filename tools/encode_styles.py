"""``semsynth encode_styles`` in a checkout."""
from semsynth.cli import main

if __name__ == '__main__':
    main('encode_styles')
