"""Check of options, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from enum import StrEnum
from numbers import Integral, Real
from typing import Any

from nntc.encoder.options.choices import Entropy, Method, Objective
from nntc.encoder.options.declaration import Declaration, declarations
from nntc.encoder.options.options import DEFAULT_BITS, Options, aims


def check_options(**chosen: Any) -> Options:
    """Return options from keyword arguments, None standing for a default.

    Raises
    ------
    TypeError
        An option that there is not, or a value of another type than an option's.
    ValueError
        A value out of range, or options that do not go together.
    """
    given = {name: value for name, value in chosen.items() if value is not None}
    known = dict(declarations(Options))
    for name in given:
        if name not in known:
            raise TypeError(f"there is no option {name!r}")
    values = {name: _checked(name, known[name], value) for name, value in given.items()}
    options = replace(Options(), **values)
    for name in values:
        is_unset = values[name] is getattr(Options(), name) is False  # a flag that is not given
        if options.method not in known[name].methods and not is_unset:
            raise ValueError(_not_taken(name, known[name].methods))
    aimed = [name for name in aims() if name in values]
    if len(aimed) > 1:
        raise ValueError(f"name one goal, not {' and '.join(aimed)}")
    return _completed(options, values)


def _checked(name: str, option: Declaration, value: Any) -> Any:
    """Return a value of the option's type and within its range."""
    shown = name.replace("_", " ")
    if name in _SPECIAL:
        return _SPECIAL[name](value)
    if option.kind is None:
        return value
    if issubclass(option.kind, StrEnum):
        try:
            return option.kind(value)
        except ValueError:
            names = ", ".join(option.kind)
            raise ValueError(f"{shown} must be one of {names}, not {value!r}") from None
    wanted, called = {
        bool: (bool, "True or False"),
        int: (Integral, "a whole number"),
        float: (Real, "a number"),
        str: (str, "text"),
    }[option.kind]
    if not isinstance(value, wanted) or (option.kind is not bool and isinstance(value, bool)):
        raise TypeError(f"{shown} must be {called}, not {value!r}")
    if option.valid is not None and not option.valid(value):
        raise ValueError(f"{shown} must be {option.range}")
    return option.kind(value)


class PatternError(ValueError):
    """A pattern of names that no tensor of the model has."""


def _patterns(exact: Any) -> tuple[str, ...]:
    """Return patterns of names, one or several."""
    patterns = (exact,) if isinstance(exact, str) else tuple(exact)
    if not all(isinstance(pattern, str) for pattern in patterns):
        raise TypeError("exact is a pattern of names, or several")
    return patterns


def _checked_jobs(value: Any) -> int | Executor:
    if isinstance(value, Executor):
        return value
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"jobs must be a whole number or an executor, not {value!r}")
    if value < 1:
        raise ValueError("jobs must be at least 1")
    return int(value)


_SPECIAL: dict[str, Callable[[Any], Any]] = {"jobs": _checked_jobs, "exact": _patterns}


def _not_taken(name: str, methods: Sequence[Method]) -> str:
    """Return why a method does not take an option."""
    listed = [str(method) for method in methods]
    if len(listed) == 1:
        return f"{name.replace('_', ' ')} is for the method {listed[0]}"
    return f"{name.replace('_', ' ')} is for the methods {', '.join(listed[:-1])} and {listed[-1]}"


def _completed(options: Options, values: dict[str, Any]) -> Options:
    """Return options with what follows from each other; ValueError for what does not go together."""
    if options.method is Method.AUTO and options.bits is not None and not 0.1 <= options.bits <= 32:
        raise ValueError("bits must be between 0.1 and 32")
    if options.is_paper or options.method is Method.DEEP:
        bits = values.get("bits", DEFAULT_BITS if options.is_paper else None)
        if bits is not None and bits not in range(1, 9):
            raise ValueError("bits must be a whole number from 1 to 8")
        options = replace(options, bits=None if bits is None else int(bits))
    if options.method is Method.DEEP:
        options = replace(options, entropy=values.get("entropy", Entropy.HUFFMAN))
    if options.method is Method.LOSSLESS and options.calibration is not None and options.integers is None:
        raise ValueError("calibration is for the method auto, or for integers")
    if options.integers is not None:
        for name in ("base", "exact"):
            if values.get(name):
                raise ValueError(f"{name} is not for models that are made into integers")
    if options.calibration is not None and options.objective is not Objective.OUTPUTS:
        raise ValueError("calibration keeps outputs close, not weights")
    if options.calibration is not None and options.updatable:
        raise ValueError("updatable is for encoding without calibration samples")
    if options.trust_samples and options.calibration is None:
        raise ValueError("trust samples is for calibration samples")
    for name in ("base_exact", "refine"):
        if name in values and options.base is None and values[name]:
            raise ValueError(f"{name.replace('_', ' ')} is for updates: name a base, too")
    others = [name for name in aims() if name != "quality" and name in values]
    others += [name for name in ("calibration", "base") if getattr(options, name) is not None]
    if options.stable and others:
        raise ValueError(
            f"stable is for a quality alone: {others[0].replace('_', ' ')} depends on all tensors"
        )
    if options.index and options.base is not None:
        raise ValueError("an index is for files that need no base")
    if options.refine and options.base_exact is not None:
        raise ValueError("name one of them: refine, or base exact, of which the noise of the base stays")
    if options.dask is not None and isinstance(options.jobs, Executor):
        raise ValueError("name one of them: dask, or an executor as jobs")
    if options.max_drop is None and "metric" in values:
        raise ValueError("metric is for max drop")
    if options.goal is None and "confidence" in values:
        raise ValueError("confidence is for max divergence, min agreement and max drop")
    if options.max_drop is not None and options.evaluation is None:
        raise ValueError("max drop needs evaluation samples with labels")
    if options.goal is not None and options.evaluation is None and options.calibration is None:
        kind = options.goal.kind.replace("_", " ")
        raise ValueError(f"{kind} needs samples to measure on: evaluation or calibration")
    return options
