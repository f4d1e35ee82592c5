"""Threads, forked and spawned processes read the same bytes; a shard that is replaced meanwhile is old, or an error."""

import gc
import multiprocessing
import os
import pickle
import random
import resource
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from small_store import read_while_it_changes, right_payloads, write_slide

from tumorboard.errors import StudyError
from tumorboard.store import Store, build_index


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_store_opens_again_in_another_process(root):
    store = Store.open(root, "tiles_10x", check=False, open_files=2)
    sent = pickle.dumps(store)
    assert len(sent) < 1000
    again = pickle.loads(sent)
    assert [again.payload(row) for row in range(len(again))] == [store.payload(row) for row in range(len(store))]


def test_a_store_is_not_opened_again_with_another_index(root):
    sent = pickle.dumps(Store.open(root, "tiles_10x"))
    write_slide(root, "D-1", "D", range(2))
    build_index(root)
    with pytest.raises(StudyError, match=r"tiles_10x\.index has changed since this process was started"):
        pickle.loads(sent)


def test_threads_that_share_one_open_file_read_what_is_theirs(root):
    store = Store.open(root, "tiles_10x", open_files=1)
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda seed: right_payloads(store, seed, 300), range(4)))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_processes_share_open_files(root):
    store = Store.open(root, "tiles_10x")
    assert right_payloads(store, 0, 30)  # now files are open, and shared
    workers = [
        multiprocessing.get_context("fork").Process(target=read_or_fail, args=(store, seed)) for seed in range(3)
    ]
    for worker in workers:
        worker.start()
    assert right_payloads(store, 9, 500)
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]


def read_or_fail(store: Store, seed: int) -> None:
    os._exit(0 if right_payloads(store, seed, 500) else 1)


def test_readers_of_a_shard_that_is_replaced_get_the_old_one_or_an_error(root):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        readers = [pool.submit(read_while_it_changes, root, seed) for seed in (1, 2)]
        while len(list(root.glob("reading-*"))) < 2 and not any(reader.done() for reader in readers):
            time.sleep(0.01)
        for number in range(500):
            write_slide(root, "B-1", "B", range(5) if number % 2 else range(30, 35))
            if all(reader.done() for reader in readers):
                break
        (root / "stop").touch()
        for reader in readers:
            right, refused = reader.result()
            assert right >= 500
            assert refused >= 5


def test_open_handles_outlive_a_replacement(root):
    store = Store.open(root, "tiles_10x")
    before = [store.payload(row) for row in store.patients["B"]]
    write_slide(root, "B-1", "B", range(30, 35))
    assert [store.payload(row) for row in store.patients["B"]] == before


def test_many_shards_need_few_open_files(tmp_path):
    for number in range(60):
        write_slide(tmp_path, f"S-{number:02d}", f"P-{number:02d}", [number])
    build_index(tmp_path)
    before = open_files()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before + 16, hard))
    try:
        store = Store.open(tmp_path, "tiles_10x", open_files=8)
        rows = list(range(60)) * 3
        random.Random(1).shuffle(rows)
        assert all(store.payload(row) for row in rows)
        assert open_files() <= before + 8 + 1  # and the index
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    del store
    assert open_files() == before
