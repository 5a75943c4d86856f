"""Processes of one run, as torchrun starts them."""

import multiprocessing
import os
import time

import torch
from torch.distributed import TCPStore

PATIENCE = 600
"""Seconds after which a rank hangs, also where many tests run at once."""


def run_ranks(target, count, *args):
    """Call ``target(*args)`` in processes of their own that know their rank; their exit codes."""
    # where they meet is held open here, as torchrun does: no other run can take a port that this one has chosen
    meeting = TCPStore('127.0.0.1', 0, is_master=True, wait_for_workers=False) if count > 1 else None
    port = meeting.port if meeting else None
    # CUDA does not survive a fork
    context = multiprocessing.get_context('spawn' if torch.cuda.is_initialized() else 'fork')
    processes = [context.Process(target=_enter, args=(rank, count, port, target, args)) for rank in range(count)]
    for process in processes:
        process.start()
    # not join(timeout): that waits for orphaned workers too, 5 seconds long
    deadline = time.monotonic() + PATIENCE
    while any(process.exitcode is None for process in processes) and time.monotonic() < deadline:
        time.sleep(0.02)
    stuck = [process for process in processes if process.exitcode is None]
    for process in stuck:
        process.kill()
    assert not stuck, 'a rank hangs'
    return [process.exitcode for process in processes]


def _enter(rank, count, port, target, args):
    torch.set_num_threads(1)
    if count > 1:
        os.environ |= dict(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(count), MASTER_ADDR='127.0.0.1',
                           MASTER_PORT=str(port), TORCHELASTIC_USE_AGENT_STORE='True', TORCHELASTIC_RESTART_COUNT='0')
    target(*args)
