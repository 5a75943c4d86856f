"""Sheets of what a trained model computes on the way to the images of layouts in files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmengine.registry import DefaultScope

from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile, places_of
from semsynth.apis.progress import tracked
from semsynth.arguments import check_arguments
from semsynth.data.layout_reader import LayoutReader
from semsynth.errors import first_few
from semsynth.evaluators import SegmentationEvaluator
from semsynth.heads import Head
from semsynth.registry import EVALUATORS
from semsynth.studies.insides import panels
from semsynth.studies.insides.look import Insides, look_inside
from semsynth.studies.insides.sheet import draw_sheet
from semsynth.writing import check_out_folder, write_png

SHOWN = 3
"""Classes that are shown where none are named: those with the most pixels."""


@check_arguments
def draw_insides(inferencer: Inferencer, layouts: Sequence[LayoutFile], out: str | Path, *, classes: Sequence[str] = (),
                 segment: bool = True, seed: int = 0) -> str:
    """Synthesise layouts and draw a sheet of each, ``NAME_insides.png``: ECGAN's figures 3, 6, 7 and 9.

    Args:
        inferencer: of the trained model.
        layouts: by ``Inferencer.find``.
        out: folder of the sheets.
        classes: names or indices of the classes whose channels are shown; by default the three with the most pixels of
            each layout.
        segment: whether the judge in the config's ``test_evaluator`` segments the images.
        seed: of styles and latents; another one gives other images.

    Returns:
        A sentence that names what the sheets leave out, because the model or the config does not
        have it; empty where they have it all.

    Raises:
        ValueError: the data set has no such class, an option does not fit the model, or ``out`` is no place for sheets.
        DataError: a label map, an instance map or a photo is unsound.
        FileNotFoundError: the judge has no weights.
    """
    head, reader = inferencer.model.generator.head, inferencer.reader
    judged = [name for name, view in head.views.items() if view.is_image]
    chosen = _find_classes(classes, reader.classes)
    check_out_folder(out, places_of(layouts), reader.folders.values(),
                     [f'{layout.name}_insides.png' for layout in layouts])
    evaluator, reason = _build_judge(inferencer) if segment else (None, 'not asked for')
    source = ', '.join(dict.fromkeys(map(str, (inferencer.config.filename, inferencer.checkpoint))))  # may be one file
    left_out = ''
    for layout in tracked(layouts, 'Drawing'):
        result, insides = look_inside(inferencer, layout, seed)
        left_out = _left_out(head, insides, reason)
        sections = _sections(head.captions, judged, result, insides, evaluator, chosen, reader)
        write_png(Path(out, f'{layout.name}_insides.png'), draw_sheet(
            layout.name, sections, [source, left_out] if left_out else [source]))
    return left_out


def _sections(captions: dict[str, str], judged: Sequence[str], result: dict, insides: Insides,
              evaluator: SegmentationEvaluator | None, classes: Sequence[int],
              reader: LayoutReader) -> list[panels.Section]:
    palette, images = reader.palette or None, dict(captions)
    if insides.after is not None and len(images) > 1:
        images.pop('coarse', None)  # I' stands beside I_i'
    sections = [panels.result_section(result, images, palette)]
    if insides.after is not None:
        sections.append(panels.change_section(insides))
    if insides.edge is not None:
        sections.append(panels.edge_section(result, insides, palette))
    if insides.weights:
        sections.append(panels.weight_section(insides))
    if insides.classes is not None:
        shown = classes or panels.commonest(result['label'], SHOWN, reader.unknown)
        sections.append(panels.class_section(result, insides, shown, reader.classes))
    if evaluator is not None:
        sections.append(panels.segmentation_section(
            result, {name: captions.get(name, name) for name in judged}, evaluator, palette))
    return sections


def _find_classes(chosen: Sequence[str], names: Sequence[str]) -> list[int]:
    known = {str(index): [index] for index in range(len(names))}
    known |= {name: [index for index, each in enumerate(names) if each == name] for name in names}
    if strangers := [name for name in chosen if name not in known]:
        has = f'it has {", ".join(names)}, or 0 to {len(names) - 1}' if names else 'its layouts are no label maps'
        raise ValueError(f'classes: the data set has no class {first_few(strangers)}: {has}.')
    return list(dict.fromkeys(index for name in chosen for index in known[name]))


def _build_judge(inferencer: Inferencer) -> tuple[SegmentationEvaluator | None, str]:
    """The first evaluator of the config's that segments, or else the reason why there is none."""
    if not inferencer.classes:
        return None, 'layouts are no label maps'
    entries = inferencer.config.get('test_evaluator') or []
    entries = [entries] if isinstance(entries, dict) else entries
    entry = next((entry for entry in entries if entry['type'] == 'SegmentationEvaluator'), None)
    if entry is None:
        return None, 'no SegmentationEvaluator in test_evaluator'
    try:
        with DefaultScope.overwrite_default_scope('semsynth'):
            evaluator = EVALUATORS.build(entry)
    except FileNotFoundError as error:
        raise FileNotFoundError(f'{error} (Or leave the segmentations out: --segmentor none.)') from None
    evaluator.device = inferencer.device
    evaluator.judge.to(evaluator.device)
    return evaluator, ''


def _left_out(head: Head, insides: Insides, no_segmentations: str) -> str:
    absent = list(head.switched_off)
    if insides.empty and not absent:
        absent.append(f'what its head computes on the way ({type(head).__name__} has no such values)')
    if no_segmentations:
        absent.append(f'segmentations ({no_segmentations})')
    return f'Not on the sheets: {"; ".join(absent)}.' if absent else ''
