"""The first things that a person does with an installed package, in the current folder, which should be empty.

Each is the command that one would type; training takes two steps. Where it says what to try next, that is tried too.
"""

import re
import shlex
import sys
from contextlib import suppress
from pathlib import Path

from semsynth.cli import COMMANDS, main

CONFIG = 'semsynth::ecgan/ecgan_toycity.py'
SHORT = ['--cfg-options', 'train_cfg.max_iters=2', 'train_cfg.val_interval=2', 'batch_size=2',
         'train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False']


def run(*words):
    """A command of ``semsynth``, in this process, for importing torch takes longer than all else."""
    print('$', shlex.join(['semsynth', *words]), flush=True)
    sys.argv = ['semsynth', *words]
    main()


def try_all():
    """From the help to an image."""
    for name in COMMANDS:
        with suppress(SystemExit):
            run(name, '--help')
    run('make_toycity', '--out', 'data/toycity', '--size', '64', '128', '--train', '4', '--val', '4')
    run('train_segmentor', 'semsynth::segmentors/unet_toycity.py', *SHORT)
    run('train', CONFIG, *SHORT)
    log, = Path('work_dirs/ecgan_toycity').glob('*/*.log')
    commands = re.findall(r'^  semsynth (.+)$', log.read_text(encoding='utf-8').partition('Try next:')[2], re.M)
    for command in map(shlex.split, commands):
        if command[0] != 'edit':  # which does not end
            run(*command, *(SHORT if command[0] == 'train_segmentor' else []))
    pictures = list(Path('synthesised').rglob('*.png'))
    assert [command.split()[0] for command in commands] == [
        'train_segmentor', 'test', 'synthesize', 'edit', 'publish'], commands
    assert pictures and list(Path('work_dirs/ecgan_toycity').glob('results_*.json'))
    run('synthesize', 'published/ecgan_toycity', 'data/toycity/gtFine/val', '--out', 'synthesised_again')
    assert len(list(Path('synthesised_again').rglob('*.png'))) == 4 * 2  # images, and edge maps


if __name__ == '__main__':
    try_all()
