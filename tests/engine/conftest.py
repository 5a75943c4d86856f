import mmengine.runner.runner
import pytest


@pytest.fixture(autouse=True, scope='session')
def _no_environment_report():
    """The runner's report on the machine takes 3 seconds each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mmengine.runner.runner, 'collect_env', dict)
        yield
