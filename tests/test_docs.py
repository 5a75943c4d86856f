"""What README and docs name is there: files, tools, options, types, links; their examples load and build."""

import pkgutil
import re
import shutil
import sys
import textwrap
from argparse import _SubParsersAction
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.registry import Registry as EngineRegistry

from semsynth import registry
from semsynth.cli import build_parser
from semsynth.config import load_config
from semsynth.heads import View
from semsynth.layout import Layout
from semsynth.losses.base import WORDS, Loss
from semsynth.registry import DATASETS, EVALUATORS, MODELS, SEGMENTORS, Registry

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]
TEXTS = {page: page.read_text(encoding='utf-8') for page in PAGES}
FENCE = re.compile(r'^( *)```(\w*)\n(.*?)^ *```$', re.M | re.S)
OF_READERS = re.compile(r'my_scenes|configs/mine|my_parts')  # files that readers write themselves

every_page = pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)


def blocks(page, language):
    """The page's code blocks in a language, each with the text before it."""
    text = TEXTS[page]
    return [(textwrap.dedent(match[3]), text[:match.start()]) for match in FENCE.finditer(text) if match[2] == language]


def anchors(page):
    """What GitHub calls the page's headings."""
    headings = re.findall(r'^#+ (.+)$', FENCE.sub('', TEXTS[page]), re.M)
    return {re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in headings}


@every_page
def test_files_exist(page):
    named = re.findall(r'(?<![\w/.-])(?:configs|tools|semsynth|tests|docs)/[\w./-]*\w/?', TEXTS[page])
    assert [name for name in named if not OF_READERS.search(name) and not (ROOT / name).exists()] == []


@every_page
def test_named_configs_exist(page):
    named = re.findall(r'semsynth::((?!models/)[a-z_]\w*/[\w/]*\w(?:\.py)?)', TEXTS[page])
    assert [name for name in named if not (ROOT / 'configs' / name).exists()] == []


@every_page
def test_links_lead_somewhere(page):
    broken = []
    for link in re.findall(r'(?<!!)\[[^\]]+\]\(([^)\s]+)\)', TEXTS[page]):
        if '://' not in link:
            name, _, anchor = link.partition('#')
            target = (page.parent / name).resolve() if name else page
            if not target.is_file() or (anchor and anchor not in anchors(target)):
                broken.append(link)
    assert broken == []


def test_every_page_is_in_the_index():
    index = TEXTS[ROOT / 'docs/index.md']
    assert [page.name for page in PAGES[1:] if page.name != 'index.md' and f']({page.name})' not in index] == []


def test_the_menu_has_the_order_of_the_index():
    sections = yaml.safe_load((ROOT / '.mkdocs.yml').read_text(encoding='utf-8'))['nav']
    menu = [page for section in sections for pages in section.values() if isinstance(pages, list) for page in pages]
    listed = re.findall(r'^(?:\d\.|-) \[[^\]]+\]\(([^)]+)\)', TEXTS[ROOT / 'docs/index.md'], re.M)
    assert len(listed) > 20
    assert [page for page in menu if page in listed] == listed


def options_of(*words):
    """All options of a subcommand, and of those below it."""
    parsers = [build_parser()]
    for word in words:
        parsers = [action.choices.get(word) or action.choices[word.replace('_', '-')]
                   for action in parsers[0]._actions if isinstance(action, _SubParsersAction)]
    below = [each for action in parsers[0]._actions if isinstance(action, _SubParsersAction)
             for each in action.choices.values()]
    return {option for each in (*parsers, *below) for option in each._option_string_actions}


@every_page
def test_commands_have_these_options(page):
    makefile, unknown = (ROOT / 'Makefile').read_text(encoding='utf-8'), []
    within = re.findall(r'`((?:python |make |semsynth )[^`]+)`', FENCE.sub('', TEXTS[page]))
    for body in [*(body for body, _ in blocks(page, '')), *(command.replace('\n', ' ') for command in within)]:
        for command in body.replace('\\\n', ' ').splitlines():
            if made := re.match(r' *make (\w+)', command):
                unknown += [] if f'\n{made[1]}:' in makefile else [command]
            if run := re.search(r'(?:tools/|(?:^ *|-m )semsynth )(\w[\w/-]*)(?:\.py)?', command):
                known = options_of(*run[1].replace('-', '_').split('/'))
                options = re.findall(r'--[a-z][a-z-]*', command[run.end():])
                unknown += [f'{run[0]} {option}' for option in options if option not in known]
    assert unknown == []


@every_page
def test_types_are_registered(page):
    registries = [each for each in vars(registry).values() if isinstance(each, Registry)]
    registries += [each for each in vars(registry.engine).values() if isinstance(each, EngineRegistry)]
    own = {name for text in TEXTS.values() for name in re.findall(r'^class (\w+)', text, re.M)}
    named = set(re.findall(r"type='([\w.]+)'", TEXTS[page])) - own
    with DefaultScope.overwrite_default_scope('semsynth'):
        assert [name for name in named if not any(_finds(each, name) for each in registries)] == []


def _finds(each, name):
    with suppress(KeyError):
        return each.get(name)


def test_the_zoo_is_complete():
    zoo = TEXTS[ROOT / 'docs/zoo.md']
    for family in (registry.GENERATORS, registry.HEADS, registry.ENCODERS, registry.DISCRIMINATORS, registry.LOSSES,
                   registry.SEGMENTORS, DATASETS, EVALUATORS):
        family.import_from_location()
        ours = [name for name, kind in family.module_dict.items() if kind.__module__.startswith('semsynth.')]
        assert [name for name in ours if f'`{name}`' not in zoo] == []


def test_the_reference_has_every_family():
    named = {name for page in (ROOT / 'docs/reference').glob('*.md')
             for name in re.findall(r'^::: ([\w.]+)$', page.read_text(encoding='utf-8'), re.M)}
    assert all(map(pkgutil.resolve_name, named))
    registries = [each for each in vars(registry).values() if isinstance(each, Registry)]
    ours = {place for each in registries for place in each._locations if place.startswith('semsynth.')}
    assert ours - named == set()


@every_page
def test_python_blocks_are_python(page):
    for body, _ in blocks(page, 'python'):
        compile(body, page.name, 'exec')


@pytest.fixture(scope='module')
def tree(tmp_path_factory):
    """A copy of the configs, and of the one that readers are told to copy."""
    folder = tmp_path_factory.mktemp('docs') / 'configs'
    shutil.copytree(ROOT / 'configs', folder)
    (folder / 'mine').mkdir()
    shutil.copy(folder / '_base_/datasets/paired_folder.py', folder / 'mine/my_scenes.py')
    shutil.copy(folder / '_base_/datasets/paired_folder_raw.py', folder / 'mine/my_inputs.py')
    return folder


@every_page
def test_config_blocks_load(page, tree):
    for number, (body, _) in enumerate(blocks(page, 'python')):
        if body.startswith('_base_'):
            is_data = body.startswith("_base_ = 'my_scenes.py'")
            path = tree / 'mine' / ('my_scenes_segmentor.py' if is_data else f'{page.stem}_{number}.py')
            path.write_text(body, encoding='utf-8')
            Config.fromfile(path, import_custom_modules=False)


@pytest.fixture
def extending(tmp_path, monkeypatch, tree):
    """The examples of docs/extending.md as the module that the page says they are, and its config."""
    *examples, config = [body for body, _ in blocks(ROOT / 'docs/extending.md', 'python')]
    (tmp_path / 'my_parts.py').write_text('\n'.join(examples), encoding='utf-8')
    monkeypatch.syspath_prepend(tmp_path)
    (tree / 'mine/all_mine.py').write_text(config, encoding='utf-8')
    yield load_config(tree / 'mine/all_mine.py')
    sys.modules.pop('my_parts')
    for each in [each for each in vars(registry).values() if isinstance(each, Registry)]:
        for name in [name for name, kind in each.module_dict.items() if kind.__module__ == 'my_parts']:
            each.module_dict.pop(name)


def test_the_examples_of_extending_work(extending, tmp_path):
    extending.merge_from_dict({'model.segmentor': None, 'model.losses.perceptual': None})  # it reads trained weights
    with DefaultScope.overwrite_default_scope('semsynth'):
        model = MODELS.build(extending.model)
        evaluator = EVALUATORS.build(extending.test_evaluator[-1])
        lakes = DATASETS.build(dict(type='LakesDataset', data_root=str(tmp_path), split='train', lazy_init=True))
    assert set(model.losses) == {'adversarial', 'feature_matching', 'gradient', 'border'}
    assert set(model.views) == {'coarse', 'image'}
    assert type(model.discriminator).__name__ == 'PixelDiscriminator'
    assert type(model.encoder).__name__ == 'MeanColourEncoder'
    assert type(evaluator).__name__ == 'MeanColourError'
    segmentor = SEGMENTORS.build(dict(type='ColourSegmentor'))
    assert segmentor.classes == ('bright', 'dark') and segmentor.num_classes == 2 and not segmentor.returns_features
    assert lakes.metainfo['unknown'] == 3

    image, label = torch.rand(1, 3, 16, 32) * 2 - 1, torch.zeros(1, 16, 32, dtype=torch.long)
    layout = Layout(label, model.data_preprocessor.num_classes, instance=label.clone())
    step = model.synthesize(layout, dict(image=image))
    torch.testing.assert_close(step.layout.style, image.mean((2, 3), keepdim=True).expand_as(image))
    losses = model.compute_losses('generator', step) | model.compute_losses('discriminator', step.detach())
    assert set(losses) == {
        f'{player}/{name}' for player in ('generator', 'discriminator') for name in ('adversarial', 'border')} | {
        'generator/feature_matching', 'generator/gradient'}
    assert all(loss.isfinite() for loss in losses.values())
    evaluator.process({}, [dict(outputs=dict(image=(127.5 * (image[0] + 1)).byte()),
                                real=dict(image=torch.zeros(3, 16, 32, dtype=torch.uint8)))])
    assert evaluator.compute_metrics(evaluator.results)['colour_error'] == pytest.approx(127, abs=10)


def test_the_segmentor_of_extending_judges(extending):
    """On an image that is bright on the left, dark on the right, with a layout of which one pixel counts nowhere."""
    judge = EVALUATORS.build(sys.modules['my_parts'].brightness)
    image = torch.zeros(3, 2, 4, dtype=torch.uint8)
    image[..., :2] = 255
    judge.process({}, [dict(outputs=dict(image=image), label=torch.tensor([[0, 0, 1, 1], [2, 1, 1, 1]]))])
    scores = judge.evaluate(1)
    assert scores['brightness/aAcc'] == pytest.approx(100 * 6 / 7)
    assert scores['brightness/mIoU'] == pytest.approx(100 * (2 / 3 + 4 / 5) / 2)
    attributes = re.findall(r'^\| `(\w+)`', (ROOT / 'docs/extending.md').read_text(encoding='utf-8')
                            .split('five attributes of a segmentor')[1].split('\n\n```')[0], re.M)
    assert attributes == ['num_classes', 'classes', 'table', 'weights_hash', 'returns_features']
    assert all(hasattr(judge.judge, name) for name in attributes)


def test_a_part_of_one_s_own_says_what_it_needs(extending):
    extending.merge_from_dict({'model.segmentor': None, 'model.losses.perceptual': None})
    extending.model.discriminator = dict(type='MultiScaleDiscriminator', base_channels=2, num_layers=1)
    with DefaultScope.overwrite_default_scope('semsynth'), pytest.raises(
            ValueError, match=r'losses\.border: .* MultiScaleDiscriminator .*PixelDiscriminator.*border=None'):
        MODELS.build(extending.model)


def test_all_words_that_a_loss_may_read_are_explained():
    table = (ROOT / 'docs/extending.md').read_text(encoding='utf-8').split('| word |')[1].split('\n\n')[0]
    assert set(re.findall(r'^\| `(\w+)`', table, re.M)) == WORDS
    assert all(f"``'{word}'``" in Loss.__doc__ for word in WORDS)


def test_the_plugin_of_the_readme_works():
    [plugin] = [body for body, _ in blocks(ROOT / 'README.md', 'python') if 'register_module' in body]
    [name] = re.findall(r'^class (\w+)', plugin, re.M)
    exec(plugin, {})
    try:
        loss = registry.LOSSES.build(dict(type=name, views=dict(coarse=1, image=2)))
    finally:
        registry.LOSSES.module_dict.pop(name)
    image = torch.full((2, 3, 4, 4), 0.5)
    step = SimpleNamespace(views=dict(coarse=View(), image=View()), real=dict(image=image),
                           outputs=dict(coarse=image - 0.25, image=image + 0.125))
    assert loss.for_generator(step) == 1 * 0.25 + 2 * 0.125
