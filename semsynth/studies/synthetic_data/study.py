"""The study: what synthetic images add to real ones, for a segmentor that is scored on real photos."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from semsynth.apis.building import build_for_inference, open_model
from semsynth.config import load_config
from semsynth.config_files import find_config
from semsynth.engine.work_folder import locked
from semsynth.registry import SEGMENTORS
from semsynth.studies.command import command_line
from semsynth.studies.jobs import check_numbers, run_all
from semsynth.studies.synthetic_data.folder import read_note
from semsynth.studies.synthetic_data.judging import refuse_seen
from semsynth.studies.synthetic_data.plan import ARMS, REAL, Plan, read_plan
from semsynth.studies.synthetic_data.report import Findings, chart, markdown, report
from semsynth.studies.synthetic_data.runs import ArmWork, DataWork, GeneratorWork, Work, scores_of
from semsynth.writing import check_out_folder, write_json, write_whole

SETTINGS = 'study.json'


def synthetic_study(config: str | Path, *, seeds: Sequence[int] = (0,), jobs: int = 1, out: str | Path | None = None,
                    precision: str | None = None, cfg_options: dict | None = None,
                    results: str | Path | None = None) -> list[str]:
    """Train a segmentor on real, on synthetic, on both, and on real photos for longer; score all on real photos.

    The generator is trained first, where the study names no checkpoint. The judge that filters its images is the first
    segmentor that was trained on the real photos, unless the study names another. What is done is skipped, what was
    cut off goes on, and the table is written anew after each training.

    Args:
        config: path or name of the study's, see ``read_plan``.
        seeds: each arm is trained with each of them.
        jobs: how many trainings at once, on a GPU each while there are enough.
        out: folder for all; by default ``work_dirs/synthetic_studies/NAME``.
        precision: of training, in place of the configs' own.
        cfg_options: entries of the study's config to override.
        results: folder that outlives ``out``, such as one of a repository: table, chart and ``results.json`` are kept
            there too, and the result of each training as a small JSON.

    Returns:
        The titles of what failed.

    Raises:
        ValueError: the study cannot be run as it is, its judge has been seen by the generator's training, or the folder
            holds another one.
        DataError: the data are missing.
        FileNotFoundError: there is no such config, or weights are missing.
    """
    check_numbers(jobs, seeds)
    console = Console(highlight=False)
    with console.status('Checking the study'):
        plan = read_plan(config, cfg_options)
        _check_judge(plan)
    out = check_out_folder(out or Path('work_dirs', 'synthetic_studies', plan.name), [find_config(config)])
    kept = None if results is None else check_out_folder(results, [find_config(config)])
    command = command_line('synthetic-study', config, seeds=seeds, jobs=jobs, out=out, precision=precision,
                           results=results, cfg_options=cfg_options)
    with locked(out, 'study', 'wait for it, or give another --out'):
        _check_settings(out, dict(plan.settings) | dict(precision=precision))
        study = _Study(plan, seeds, out, command, precision, console, kept)
        return study.run(jobs)


class _Study:
    """The work of a study, in its order."""

    def __init__(self, plan: Plan, seeds: Sequence[int], out: Path, command: str, precision: str | None,
                 console: Console, kept: Path | None):
        self.plan, self.seeds, self.command, self.console = plan, seeds, command, console
        self.out, self.kept = out, kept
        self.generator = GeneratorWork('generator', out / 'generator', precision, plan.generator)
        has_styles = build_for_inference(load_config(plan.generator), None).style_channels
        self.data = DataWork('synthetic images', out / 'data', encodes=bool(has_styles and not plan.styles))
        self.arms = [
            ArmWork(f'{ARMS[arm]}, seed {seed}', folder := out / arm / f'seed_{seed}', precision,
                    plan.arm(arm, seed, dict(type='PairedFolderDataset', data_root=str(self.data.data)),
                             scores_of(folder)), arm=arm, seed=seed, steps=plan.steps_of(arm))
            for seed in seeds for arm in ARMS]

    def run(self, jobs: int) -> list[str]:
        """Do what is not done yet; the titles of what failed."""
        self._write()
        first = next(work for work in self.arms if work.arm == REAL)
        before: list[Work] = [first, *([] if self.plan.checkpoint else [self.generator])]
        failed = self._all(before, jobs)
        if not failed:
            checkpoint = self.plan.checkpoint or (self.generator.result or {})['checkpoint']
            self.data.model, self.data.options = self._model(checkpoint), [*self._judge(first), *self._how()]
            failed = self._all([self.data], 1)
        if not failed:
            self._complete_arms()
            failed = self._all(self.arms, jobs)
        self.console.print((self.out / 'table.md').read_text(encoding='utf-8'), markup=False, soft_wrap=True)
        return failed

    def _all(self, works: Sequence[Work], jobs: int) -> list[str]:
        failed = run_all(works, lambda work: work.commands(), jobs=jobs, console=self.console, when_done=self._done)
        return [work.title for work in failed]

    def _done(self, work: Work) -> None:
        work.write_result()
        result = work.result or {}
        said = f'mIoU {result["mIoU"]:.2f}' if 'mIoU' in result else 'done'
        self.console.print(f'{work.title}: {said}', soft_wrap=True)
        self._write()

    def _model(self, checkpoint: str) -> list[str]:
        return [self.generator.write_config(), checkpoint]

    def _judge(self, first: ArmWork) -> list[str]:
        if self.plan.judge is None:
            return ['--judge', str(first.settings), str(first.weights)]
        return ['--judge', str(self.plan.judge['config']), str(self.plan.judge['checkpoint'])]

    def _how(self) -> list[str]:
        plan = self.plan
        return [*(['--styles', plan.styles] if plan.styles else []),
                *(['--per-map', str(plan.per_map)] if plan.per_map else []), *['--even'] * plan.even,
                '--margin', str(plan.margin), '--seed', str(plan.seed)]

    def _complete_arms(self) -> None:
        """Tell the trainings what the synthetic data set is, now that it is there."""
        data = read_note(self.data.data)['dataset'] | dict(data_root=str(self.data.data))
        for work in self.arms:
            work.config = self.plan.arm(work.arm, work.seed, data, work.scores)

    def _write(self) -> None:
        note = read_note(self.data.data)
        plan = self.plan
        facts = dict(photos=plan.photos, out_of=plan.out_of, images=note.get('images'), ignored=note.get('ignored'),
                     per_map=note.get('settings', {}).get('per_map'), seeds=list(self.seeds),
                     generator=plan.settings['generator']['config'], segmentor=plan.settings['segmentor']['config'],
                     judge=note.get('settings', {}).get('judge'), ignored_by_class={
                         each['name']: each['ignored'] for each in note.get('classes', ())})
        results: dict[str, dict[int, Mapping[str, Any]]] = {arm: {} for arm in ARMS}
        for work in self.arms:
            if result := work.result:
                results[work.arm][work.seed] = result
        findings = Findings(plan.title, self.command, self.seeds, {arm: plan.steps_of(arm) for arm in ARMS}, results,
                            facts, list(_notes(plan, note)))
        text, picture, data = markdown(findings).encode(), chart(findings), report(findings)
        for folder in filter(None, (self.out, self.kept)):
            write_whole(folder / 'table.md', text)
            write_whole(folder / 'chart.png', picture)
            write_json(folder / 'results.json', data)
        if self.kept:
            for arm, by_seed in results.items():
                for seed, result in by_seed.items():
                    write_json(self.kept / arm / f'seed_{seed}.json', result)


def _notes(plan: Plan, note: Mapping[str, Any]) -> list[str]:
    """Sentences on what the figures depend on."""
    photos = f'{plan.photos} of {plan.out_of} training photos, evenly spread' if plan.photos < plan.out_of else \
        f'all {plan.photos} training photos'
    notes = [f'Generator and segmentors learn from {photos}; the generator\'s config is '
             f'{plan.settings["generator"]["config"]}.']
    if note.get('done'):
        judged = f'{100 * note["ignored"]:.1f} % of their pixels are ignored, where the loss of a segmentor that was ' \
                 f'trained on the real photos is over {plan.margin:g} times its class\'s mean.'
        notes.append(f'{note["images"]} images of {note["settings"]["maps"]} label maps; {judged}')
        if note['settings']['per_map'] == 1:
            notes.append('There is one image of each map, of a generator that draws nothing at random, or as the study '
                         'says.')
    if plan.generator.model.get('segmentor'):
        notes.append('A loss of the generator reads a label generator: the comparison is fair only if that one, too, '
                     'learned from no other photos.')
    return notes


def _check_judge(plan: Plan) -> None:
    """Refuse a judge that the study names, if the generator's training has seen, or will see, it."""
    if plan.judge is None:
        return
    if not plan.judge.get('config') or not plan.judge.get('checkpoint'):
        raise ValueError(f'judge={dict(plan.judge)}: expected dict(config=..., checkpoint=...), or None for the first '
                         'segmentor that the study trains on the real photos.')
    judge = SEGMENTORS.build(dict(type='Segmentor', config=plan.judge['config'], checkpoint=plan.judge['checkpoint']))
    meta = open_model(plan.checkpoint).meta if plan.checkpoint else {}
    label_generator = plan.generator.model.get('segmentor')
    if label_generator and not meta:
        meta = dict(label_generator=SEGMENTORS.build(label_generator).weights_hash)
    refuse_seen(judge.weights_hash, meta)


def _check_settings(out: Path, settings: Mapping[str, Any]) -> None:
    """Refuse a folder with another study; write what this one is."""
    path, plain = out / SETTINGS, json.loads(json.dumps(settings, default=str))
    if path.is_file():
        begun = json.loads(path.read_text(encoding='utf-8'))
        if differing := [key for key in {**begun, **plain} if begun.get(key) != plain.get(key)]:
            key = differing[0]
            raise ValueError(f'{out} holds a study with other settings ({key}={begun.get(key)}, now {plain.get(key)}): '
                             'give the same config and options again, or another --out.')
        return
    if any(each.name[0] != '.' for each in out.iterdir()):
        raise ValueError(f'{out} is not empty, and holds no {SETTINGS}: give another --out.')
    write_json(path, plain)
