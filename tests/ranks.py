"""Processes of one run, as torchrun starts them."""

import multiprocessing
import os
import socket
import time

import torch


def run_ranks(target, count, *args):
    """Call ``target(*args)`` in processes of their own that know their rank; their exit codes."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    fork = multiprocessing.get_context('fork')
    processes = [fork.Process(target=_enter, args=(rank, count, port, target, args)) for rank in range(count)]
    for process in processes:
        process.start()
    # not join(timeout): that waits for orphaned workers too, 5 seconds long
    deadline = time.monotonic() + 60
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
                           MASTER_PORT=str(port))
    target(*args)
