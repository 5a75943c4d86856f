"""The folder of an ablation, with two rows; its tools (studies/conftest.py) only write down how they were called."""

FULL = 'configs/ecgan/ecgan_toycity.py'


def add(folder, name, text=''):
    (folder / f'{name}.py').write_text(f"_base_ = './b_full.py'\n{text}\n")


def calls(folder, row, seed=0):
    return (folder / row / f'seed_{seed}' / 'calls').read_text().splitlines()
