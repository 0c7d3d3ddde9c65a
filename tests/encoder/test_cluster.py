"""Workers in other processes, which come, fail and go."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest
from nntc.encoder.cluster import Cluster
from nntc.encoder.encode import encode_bytes
from nntc.encoder.sweep import sweep
from nntc.errors import ClusterError, ModelError

from benchmarks.synthetic import dense_model, dense_weights

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings(r"ignore::Warning:(distributed|dask|tornado)(\.|$)")


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    with warnings.catch_warnings(), dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local:
            yield local


def add(a: int, b: int) -> int:
    return a + b


def fail(how: str) -> None:
    raise ModelError("E_GOAL", how)


def end() -> None:
    os._exit(1)


def test_results_come_in_order_and_errors_as_they_are(scheduler: Any) -> None:
    with Cluster(scheduler.scheduler_address) as cluster:
        futures = [cluster.submit(add, i, 1) for i in range(40)]
        assert [future.result(60) for future in futures] == list(range(1, 41))
        with pytest.raises(ModelError, match="so"):
            cluster.submit(fail, "so").result(60)


def test_settings_of_the_process_stay_as_they_are(scheduler: Any) -> None:
    logger = logging.getLogger("distributed.client")
    before = dask.config.get("distributed.admin"), logger.level, list(logger.filters)
    with Cluster(scheduler.scheduler_address) as cluster:
        assert len(logger.filters) == len(before[2]) + 1
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert cluster.submit(len, bytes(20 << 20)).result(60) == 20 << 20  # which dask calls large
    with pytest.raises(ClusterError):
        Cluster("tcp://127.0.0.1:1", connecting=1)
    assert (dask.config.get("distributed.admin"), logger.level, list(logger.filters)) == before


def test_items_larger_than_the_bound_pass_one_by_one(scheduler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntc.encoder.cluster._BYTES", 1)
    with Cluster(scheduler.scheduler_address) as cluster:
        arrays = [np.full(1 << 19, i) for i in range(5)]
        futures = []
        for array in arrays:
            futures.append(cluster.submit(np.sum, array))
            assert len(cluster._sizes) <= 1
        assert [int(future.result(60)) for future in futures] == [i << 19 for i in range(5)]


def test_bytes_are_those_of_one_thread(scheduler: Any) -> None:
    model = dense_model(dense_weights(20_000))
    address = scheduler.scheduler_address
    samples = [{"x0": np.random.default_rng(3).normal(size=(48, 50)).astype(np.float32)}]
    for options in ({}, {"method": "lossless"}, {"method": "dct"}, {"calibration": samples}):
        alone = encode_bytes(model, **options)[0]
        assert encode_bytes(model, dask=address, **options)[0] == alone
    curves = sweep(model, evaluation=samples, points=2, methods=["auto"], dask=address)
    assert curves.points == sweep(model, evaluation=samples, points=2, methods=["auto"]).points


def test_work_that_ends_its_workers_is_an_error(scheduler: Any) -> None:
    with Cluster(scheduler.scheduler_address) as cluster:
        with pytest.raises(ClusterError, match="has ended several workers"):
            cluster.submit(end).result(100)
        assert cluster.submit(add, 1, 1).result(60) == 2  # others took their place


def test_a_cluster_that_loses_all_its_workers_is_an_error() -> None:
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as local,
        Cluster(local.scheduler_address, patience=1) as cluster,
    ):
        local.scale(0)
        while cluster._threads():  # they go in their own time
            sleep(0.05)
        with pytest.raises(ClusterError, match="has lost its workers"):
            cluster.submit(add, 1, 1).result(60)


def test_other_versions_are_refused(scheduler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntc.__version__", "0.0")
    with (
        Cluster(scheduler.scheduler_address) as cluster,
        pytest.raises(ClusterError, match="its bytes could differ"),
    ):
        cluster.submit(add, 1, 1).result(60)


def test_nobody_answers() -> None:
    with socket.socket() as mute:  # accepts connections, and never says a word
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        for address in ("tcp://127.0.0.1:9", "no address", f"tcp://127.0.0.1:{mute.getsockname()[1]}"):
            with pytest.raises(ClusterError, match=f"no Dask scheduler answers at {address}"):
                Cluster(address, connecting=0.5)


def test_a_scheduler_without_workers() -> None:
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None) as local,
        pytest.raises(ClusterError, match="has no workers"),
    ):
        Cluster(local.scheduler_address, connecting=0.5)


def test_the_command_says_it_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(dense_model(dense_weights(800)))
    words = ["encode", str(tmp_path / "m.onnx"), str(tmp_path / "m.nntc"), "--dask", "none"]
    done = subprocess.run(
        [sys.executable, "-m", "nntc.cli", *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "nntc: E_CLUSTER: no Dask scheduler answers at none\n")
    assert not (tmp_path / "m.nntc").exists()
