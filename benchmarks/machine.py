"""The computer that measures: processor, threads, versions, and the project's commit."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

import torch

from hadamrnn.compiler import compiler_version
from hadamrnn.training.device import processor

ROOT = Path(__file__).parents[1]
PACKAGES = ("torch", "numpy", "onnxruntime")


def vector_bytes() -> int:
    """Width of the widest integer vectors: 64 with AVX-512BW, 32 with AVX2, otherwise 16."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore").split()
    except OSError:
        return 16
    return 64 if "avx512bw" in flags else 32 if "avx2" in flags else 16


def machine() -> dict:
    """The computer, threads and versions, as a dictionary."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return {
        "cpu": processor(),
        "cores": available or os.cpu_count(),
        "vector_bytes": vector_bytes(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": platform.platform(),
        "torch_threads": torch.get_num_threads(),
        "omp_wait_policy": os.environ.get("OMP_WAIT_POLICY"),
        "compiler": compiler_version(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def commit() -> str | None:
    """The project's commit, "-dirty" if files differ from it; None outside of Git."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.check_output(command, cwd=ROOT, text=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return None
