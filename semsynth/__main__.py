"""``python -m semsynth``: the ``semsynth`` command."""
from semsynth.cli import main

if __name__ == '__main__':
    main()
