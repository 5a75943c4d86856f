"""What the command refuses before it opens a model, and says where it is stopped."""

import json
import os
import signal


def test_cheap_checks_come_before_the_model(run_tool, tmp_path):
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine/file').touch()
    for code, options, words in ((1, ['--per-map', '0'], 'per_map=0'), (1, ['--margin', '0'], 'margin=0.0'),
                                 (1, ['--margin', 'inf'], 'a number above 0'),
                                 (2, ['--margin', '2', '--no-filter'], '--margin says'),
                                 (2, ['--layouts', 'nomaps'], 'no file or folder nomaps'),
                                 (2, ['--judge-size', '8', '8'], '--judge-size is')):
        found, _, err = run_tool('synthetic_data', 'no.pth', '--out', tmp_path / 'out', *options)
        assert found == code and words in err
    code, _, err = run_tool('synthetic_data', 'no.pth', '--out', tmp_path / 'mine')
    assert code == 1 and 'not empty' in err and [path.name for path in (tmp_path / 'mine').iterdir()] == ['file']
    (tmp_path / 'mine/synthetic.json').write_text(json.dumps(dict(settings=dict(seed=0, even=False, margin=1.25))))
    code, _, err = run_tool('synthetic_data', 'no.pth', '--out', tmp_path / 'mine', '--seed', '7')
    assert code == 1 and 'seed=0, now 7' in err


def test_what_is_cut_off_says_what_is_there(run_tool, tmp_path, monkeypatch):
    def cut_off(args):
        for name in ('a/1.png', '2.png'):
            path = tmp_path / 'out/images/train' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr('semsynth.cli.synthetic_data._make', cut_off)
    code, _, err = run_tool('synthetic_data', 'no.pth', '--out', tmp_path / 'out')
    assert code == 143 and '2 images are there; the same command goes on.' in err
