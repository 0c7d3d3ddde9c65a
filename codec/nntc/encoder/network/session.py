"""Session: a model, or part of one, opened in onnxruntime."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import ModuleType
from typing import Any

from numpy.typing import NDArray

from nntc.errors import ModelError

Array = NDArray[Any]
_LOG_FATAL = 4  # errors come as exceptions


class Session:
    """A model, or part of one, ready to run on one thread.

    Parameters
    ----------
    model
        Serialized model.
    values
        Values of the initializers that have no data in it, as onnxruntime's.
    inputs, outputs
        Names of what is fed and computed.

    Raises
    ------
    ModelError
        E_RUN: onnxruntime cannot run the model.
    """

    def __init__(
        self, model: bytes, values: Mapping[str, Any], inputs: Sequence[str], outputs: Sequence[str]
    ) -> None:
        runtime = onnxruntime_module()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _LOG_FATAL
        if values:
            options.add_external_initializers(list(values), list(values.values()))
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self._values = values  # the session reads them where they are
        try:
            # A fallback would be the same provider again, with a message on standard output.
            self._session = runtime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"], enable_fallback=0
            )
        except MemoryError:
            raise
        except Exception as e:
            raise ModelError("E_RUN", f"onnxruntime cannot run the model: {one_line(e)}") from e

    def kinds(self) -> list[str]:
        """Return the types of the outputs as onnxruntime writes them, such as tensor(float)."""
        return [output.type for output in self._session.get_outputs()]

    def run(self, values: Mapping[str, Array]) -> list[Array]:
        """Return the outputs for one batch; `values` may hold more than the inputs.

        Raises
        ------
        ModelError
            E_RUN: onnxruntime cannot run the model on these values.
        """
        try:
            found = self._session.run(self.outputs, {name: values[name] for name in self.inputs})
        except MemoryError:
            raise
        except Exception as e:
            raise ModelError("E_RUN", f"onnxruntime cannot run the model: {one_line(e)}") from e
        return list(found)

    def run_all(self, batches: Iterable[Mapping[str, Array]], jobs: int = 1) -> Iterator[list[Array]]:
        """Yield the outputs for each batch, in order.

        Batches, not operators, are spread over `jobs` threads: results do not depend on how many there are.
        """
        if jobs == 1:
            yield from map(self.run, batches)
            return
        waiting: deque[Future[list[Array]]] = deque()
        executor = ThreadPoolExecutor(jobs)
        try:
            for batch in batches:
                waiting.append(executor.submit(self.run, batch))
                if len(waiting) > jobs:  # no more results are held than threads are busy
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            executor.shutdown(cancel_futures=True)


def onnxruntime_module() -> ModuleType:
    """Return onnxruntime, which is only imported where a model is run.

    Raises
    ------
    ImportError
        It is not installed.
    """
    try:
        import onnxruntime
    except ImportError as e:
        raise ImportError("running a model needs onnxruntime: pip install 'nntc[runtime]'") from e
    module: ModuleType = onnxruntime
    return module


def one_line(error: Exception) -> str:
    """Return an error's message as one line of moderate length."""
    return " ".join(str(error).split())[:300]
