"""Compares the first two training steps of every config, bit by bit, between two commits.

    python tests/helpers/compare_commits.py OLD NEW [--only WORD ...] [--renamed OLD.py=NEW.py ...] [--kept FOLDER]

OLD and NEW are commits, or folders of checkouts (for what is not committed). Every config, each of its stages, is
narrowed by that commit's own ``narrow`` and trained on made data; logs and weights are compared. The exit code is 0
where all are equal. It takes some seconds a config.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

WORKER = Path(__file__).with_name('first_steps.py')
ROOT = Path(__file__).parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('old', help='a commit, or the folder of a checkout')
    parser.add_argument('new', help='another one')
    parser.add_argument('--only', nargs='+', metavar='WORD', default=[''], help='configs whose path holds one of these')
    parser.add_argument('--renamed', nargs='+', metavar='OLD=NEW', default=[], help='paths of configs that have moved')
    parser.add_argument('--kept', type=Path, metavar='FOLDER', help="where commits' values are kept, and looked up")
    args = parser.parse_args()
    renamed = dict(pair.split('=') for pair in args.renamed)
    old, new = (first_steps(commit, args.only, args.kept) for commit in (args.old, args.new))
    old = {renamed.get(path, path): stages for path, stages in old.items()}
    different = 0
    for path in sorted(old | new):
        verdict = compare(old.get(path), new.get(path))
        different += verdict != 'equal'
        print(f'{path.removeprefix("configs/"):64} {verdict}')
    print(f'{len(old | new)} configs: {len(old | new) - different} equal, {different} not')
    return int(different > 0)


def compare(old, new):
    """In words, what the values of a config's stages are to each other."""
    if not (old and new):
        return f'in {"OLD" if old else "NEW"} alone'
    if len(old) != len(new):
        return f'{len(old)} stages, {len(new)} now'
    found = []
    for stage, (before, after) in enumerate(zip(old, new, strict=True), 1):
        failed = [f'{when}: {values["error"].splitlines()[-1]}' for when, values in (('OLD', before), ('NEW', after))
                  if 'error' in values]
        if failed:
            found.append(f'stage {stage} fails, {"; ".join(failed)}')
        elif names := [name for name in sorted(before | after) if before.get(name) != after.get(name)]:
            shown = ', '.join(f'{name} {before.get(name)} -> {after.get(name)}' for name in names[:2])
            found.append(f'stage {stage} DIFFERS in {len(names)} of {len(before | after)}: {shown}')
    return '; '.join(found) or 'equal'


def first_steps(commit, words, kept):
    """The values of configs whose paths hold one of the words, by path: a list of the values of each stage."""
    store = kept / f'{git("rev-parse", "--short=7", commit)}.json' if kept and not Path(commit).is_dir() else None
    known = json.loads(store.read_text()) if store and store.is_file() else {}
    with checkout(commit) as tree:
        paths = [path.relative_to(tree).as_posix() for path in sorted((tree / 'configs').rglob('*.py'))
                 if '_base_' not in path.parts]
        wanted = [path for path in paths if any(word in path for word in words)]
        missing = [path for path in wanted if path not in known]
        for number, (path, stages) in enumerate(computed(tree, missing), 1):
            print(f'{commit}: {number} of {len(missing)}, {path}', file=sys.stderr)
            known[path] = stages
            if store:
                store.parent.mkdir(parents=True, exist_ok=True)
                store.write_text(json.dumps(known, indent=1))
    return {path: known[path] for path in wanted}


def computed(tree, paths):
    """Path and values of one config after the other, by a process that imports the checkout's files alone."""
    if not paths:
        return
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join([str(tree), str(tree / 'tests')]),
                   'CUDA_VISIBLE_DEVICES': '', 'OMP_NUM_THREADS': '1'}
    with subprocess.Popen([sys.executable, '-P', WORKER, *paths], cwd=tree, env=environment, text=True,
                          stdout=subprocess.PIPE) as process:
        yield from map(json.loads, process.stdout)
    if process.returncode:
        raise SystemExit(f'{WORKER.name} ended with {process.returncode} in {tree}.')


@contextlib.contextmanager
def checkout(commit):
    """The folder of a commit's files."""
    if Path(commit).is_dir():
        yield Path(commit).resolve()
        return
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, 'tree').resolve()
        git('worktree', 'add', '--detach', tree, commit)
        try:
            yield tree
        finally:
            git('worktree', 'remove', '--force', tree)


def git(*arguments):
    return subprocess.run(['git', '-C', ROOT, *arguments], check=True, capture_output=True, text=True).stdout.strip()


if __name__ == '__main__':
    sys.exit(main())
