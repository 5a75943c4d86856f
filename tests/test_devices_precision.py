"""What a processor has units for is what a test says it has: nothing here depends on the one at hand."""

import pytest
import torch

from semsynth import devices
from semsynth.devices import has_bfloat16_units, resolve_precision, run_in, settle

FLAGS = {
    'zen4': 'flags\t\t: fpu avx2 avx512f avx512_bf16 avx512_vnni\n',
    'sapphire_rapids': 'flags\t\t: fpu avx2 avx512f avx512_bf16 amx_bf16 amx_tile\n',
    'haswell': 'flags\t\t: fpu avx2 fma\n',
    'skylake': 'flags\t\t: fpu avx2 avx512f avx512bw\n',
    'graviton3': 'Features\t: fp asimd sve i8mm bf16 dgh\n',
    'graviton2': 'Features\t: fp asimd\n'}
LIMITS = ('ONEDNN_MAX_CPU_ISA', 'DNNL_MAX_CPU_ISA')


@pytest.fixture(autouse=True)
def processor(monkeypatch, tmp_path):
    """Says which processor there is: ``processor('zen4')``."""
    for name in LIMITS:
        monkeypatch.delenv(name, raising=False)

    def be(name):
        path = tmp_path / name
        path.write_text('processor\t: 0\nmodel name\t: bf16 avx512_bf16\n' + FLAGS[name])
        monkeypatch.setattr(devices, 'CPUINFO', path)

    be('zen4')
    return be


@pytest.mark.parametrize(('name', 'units'), [('zen4', True), ('sapphire_rapids', True), ('graviton3', True),
                                             ('haswell', False), ('skylake', False), ('graviton2', False)])
def test_processors_with_units_and_without(processor, name, units):
    processor(name)
    assert has_bfloat16_units() is units
    assert resolve_precision('auto', 'cpu') == ('bfloat16' if units else 'float32')


@pytest.mark.parametrize('variable', LIMITS)
@pytest.mark.parametrize(('limit', 'units'), [
    ('AVX2', False), ('avx2', False), ('SSE41', False), ('AVX2_VNNI_2', False), ('AVX512_CORE', False),
    ('AVX512_CORE_VNNI', False), ('AVX512_CORE_BF16', True), ('AVX512_CORE_FP16', True), ('AVX512_CORE_AMX', True),
    ('AVX10_1_512', True), ('DEFAULT', True), ('ALL', True), ('', True), ('nonsense', True)])
def test_what_onednn_may_use(monkeypatch, variable, limit, units):
    monkeypatch.setenv(variable, limit)
    assert has_bfloat16_units() is units


def test_onednn_s_own_variable_comes_before_its_older_name(monkeypatch):
    monkeypatch.setenv('DNNL_MAX_CPU_ISA', 'AVX2')
    monkeypatch.setenv('ONEDNN_MAX_CPU_ISA', 'AVX512_CORE_BF16')
    assert has_bfloat16_units()
    monkeypatch.setenv('ONEDNN_MAX_CPU_ISA', 'AVX2')
    monkeypatch.setenv('DNNL_MAX_CPU_ISA', 'ALL')
    assert not has_bfloat16_units()


def test_a_torch_without_onednn(monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, 'is_available', lambda: False)
    assert not has_bfloat16_units()


def test_a_system_without_cpuinfo(monkeypatch, tmp_path):
    monkeypatch.setattr(devices, 'CPUINFO', tmp_path / 'nothing')
    assert not has_bfloat16_units()


def test_a_gpu_trains_in_float32_unless_asked():
    assert resolve_precision('auto', 'cuda') == 'float32'
    assert resolve_precision('bfloat16', 'cuda') == 'bfloat16'


def test_what_is_asked_for_is_what_runs(processor):
    processor('haswell')
    assert [resolve_precision(asked, 'cpu') for asked in ('float32', 'bfloat16')] == ['float32', 'bfloat16']


@pytest.mark.parametrize('value', ['bf16', 'float16', 16, None, True])
def test_unknown_values(value):
    with pytest.raises(ValueError, match=r"^precision=.*, expected 'auto', 'float32' or 'bfloat16'\.$"):
        resolve_precision(value, 'cpu')


@pytest.mark.parametrize(('name', 'asked', 'device', 'warned'), [
    ('haswell', 'bfloat16', 'cpu', True), ('haswell', 'auto', 'cpu', False), ('haswell', 'bfloat16', 'cuda', False),
    ('zen4', 'bfloat16', 'cpu', False)])
def test_one_warning_says_what_bfloat16_costs_without_units(processor, monkeypatch, name, asked, device, warned):
    processor(name)
    told = []
    monkeypatch.setattr(devices, 'print_log', lambda message, **options: told.append(message))
    settle(asked, device)
    assert told == [devices.SLOW] * warned
    assert '13 times (with AVX2) as long as --precision float32' in devices.SLOW


@pytest.mark.parametrize(('chosen', 'dtype'), [('float32', torch.float32), ('bfloat16', torch.bfloat16)])
def test_networks_run_in_it(chosen, dtype):
    layer = torch.nn.Linear(2, 3)
    with run_in(chosen, 'cpu'):
        assert layer(torch.ones(1, 2)).dtype == dtype
    assert layer.weight.dtype == torch.float32
