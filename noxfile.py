"""Sessions for everything a user or contributor runs; ``nox -l`` explains each.

Every session builds its own environment: the files of locked.txt, whose hashes pip checks, then the
project and torch under the pins of constraints.txt.
"""

import concurrent.futures
import os
import re
import shutil
import tomllib
from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests"]
nox.options.reuse_existing_virtualenvs = True

HERE = Path(__file__).parent
# PIP_CONSTRAINT reaches isolated builds too; a bare option would not.
CONSTRAINED = {"PIP_CONSTRAINT": str(HERE / "constraints.txt")}
LOCKED = str(HERE / "locked.txt")
# A process a core; one that has done its tests takes over some of another's.
PROCESSES = ("--numprocesses=logical", "--dist=worksteal")


def install(session, *groups):
    """The package with everything the pipeline needs, and the named dependency groups.

    With --no-venv the present environment is taken to hold them.
    """
    if session.venv_backend == "none":
        return
    groups_options = [option for name in groups for option in ("--group", name)]
    session.install("-q", "-U", "pip>=25.1", env=CONSTRAINED)
    # pip checks the hashes of all that one command installs or of none, and a clone has none.
    session.install("-q", "--no-deps", "--require-hashes", "-r", LOCKED, env=CONSTRAINED)
    session.install("-q", "-e", ".[pipeline]", *groups_options, env=CONSTRAINED)


@nox.session
def repro(session):
    """Run the pipeline of params.yaml (copy, pdigits: no download) and print its results."""
    install(session)
    session.run("dvc", "repro", *session.posargs)
    session.run("python", "-m", "stages.results")


@nox.session
def tests(session):
    """Tests and doctests, a process a core; to pytest: nox -s tests -- -k krylov."""
    install(session, "tests", "bench")
    # One thread in each: the processes share the cores.
    session.run("pytest", *PROCESSES, *session.posargs, env={"OMP_NUM_THREADS": "1"})


@nox.session
def coverage(session):
    """All tests, long ones too, and which branches of the package they take; fails below 95 %."""
    install(session, "tests", "bench")
    options = ("-m", "long or not long", "--cov", "--cov-report=term-missing:skip-covered")
    env = {"OMP_NUM_THREADS": "1"}
    session.run("pytest", *PROCESSES, *options, *session.posargs, env=env)


@nox.session
def lint(session):
    """ruff (style and format) and mypy (types, those of what the package uses among them)."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session
def docs(session):
    """The documentation as a site in build/docs; a warning or a dead link is an error."""
    install(session, "docs")
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "docs", "build/docs")


@nox.session
def reliability(session):
    """Long tests (20 kills, all compilers, sanitizers), fuzzing, and 5,000 wrong inputs."""
    install(session, "tests", "bench")
    env = {"OMP_NUM_THREADS": "1"}
    session.run("pytest", *PROCESSES, "-m", "long", *session.posargs, env=env)
    programs = (("tests.fuzz", "200000"), ("tests.properties", "5000"))

    def check(program, count):
        session.run("python", "-m", program, count, "--seed", "1000")

    with concurrent.futures.ThreadPoolExecutor() as pool:  # each takes one core
        runs = [pool.submit(check, *one) for one in programs]
    for one in runs:
        one.result()


@nox.session
def random(session):
    """The tests in a random order; to repeat it: nox -s random -- --randomly-seed=1."""
    install(session, "tests", "bench")
    session.install("-q", "pytest-randomly", env=CONSTRAINED)
    session.run("pytest", *PROCESSES, *session.posargs, env={"OMP_NUM_THREADS": "1"})


def pyproject():
    return tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))


def lowest_versions():
    """A constraint "name==version" for every lower bound in pyproject.toml."""
    project = pyproject()
    groups = [project["project"]["dependencies"], project["dependency-groups"]["tests"]]
    groups += project["project"]["optional-dependencies"].values()
    found = (re.match(r"([\w.-]+)(?:\[\w+\])?>=([\d.]+)", text) for one in groups for text in one)
    return [f"{match[1]}=={match[2]}" for match in found if match]


@nox.session
def lowest(session):
    """The tests with the lowest versions that pyproject.toml allows."""
    path = Path(session.create_tmp(), "lowest.txt")
    path.write_text("\n".join(lowest_versions()) + "\n", encoding="utf-8")
    env = {"PIP_CONSTRAINT": str(path)}
    session.install("-q", "-U", "pip>=25.1", env=env)
    session.install("-q", "-e", ".[pipeline]", "--group", "tests", env=env)
    # What older packages use of newer ones may be on its way out.
    options = (*PROCESSES, "-W", "ignore::DeprecationWarning")
    session.run("pytest", *options, *session.posargs, env={"OMP_NUM_THREADS": "1"})


@nox.session
def newest(session):
    """The tests with the newest versions that resolve; --force-python 3.14 for another Python."""
    env = {"PIP_CONSTRAINT": ""}
    session.install("-q", "-U", "pip>=25.1", env=env)
    session.install("-q", "-U", "-e", ".[pipeline]", "--group", "tests", env=env)
    session.run("pytest", *PROCESSES, *session.posargs, env={"OMP_NUM_THREADS": "1"})


@nox.session
def lock(session):
    """Write locked.txt anew: the pins of constraints.txt with the hashes of PyPI's files."""
    session.install("-q", "uv")
    folder = Path(session.create_tmp())
    # Each machine chooses its build of torch; what every build needs stays.
    without_torch, added = folder / "without_torch.txt", folder / "added.txt"
    without_torch.write_text("torch; python_version < '3'\n", encoding="utf-8")
    added.write_text("sympy\n", encoding="utf-8")
    groups = [f"--group={name}" for name in pyproject()["dependency-groups"]]
    session.run(
        *("uv", "pip", "compile", "-q", "pyproject.toml", str(added), "--all-extras", *groups),
        *("-c", "constraints.txt", "--override", str(without_torch), "-o", "locked.txt"),
        *("--universal", "--python-version=3.11", "--generate-hashes"),
        *("--no-annotate", "--no-header", "--default-index=https://pypi.org/simple"),
    )


@nox.session
def audit(session):
    """Known weaknesses of the pinned packages (asks a public database)."""
    session.install("-q", "pip-audit")
    session.run("pip-audit", "--strict", "-r", "constraints.txt", "--no-deps", "--disable-pip")


TOOLCHAINS = (
    "gcc-avr",
    "avr-libc",
    "simavr",
    "libsimavr-dev",
    "libelf-dev",
    "gcc-arm-none-eabi",
    "libnewlib-arm-none-eabi",
    "qemu-system-arm",
    "gcc-riscv64-unknown-elf",
    "picolibc-riscv64-unknown-elf",
    "qemu-system-misc",
    "cmake",
    "tcc",
    "gcc-i686-linux-gnu",
    "libc6-dev-i386-cross",
    "gcc-powerpc-linux-gnu",
    "libc6-dev-powerpc-cross",
    "gcc-arm-linux-gnueabihf",
    "libc6-dev-armhf-cross",
    "gcc-aarch64-linux-gnu",
    "libc6-dev-arm64-cross",
    "gcc-s390x-linux-gnu",
    "libc6-dev-s390x-cross",
    "qemu-user-static",
    "cppcheck",
    "clang-tidy",
    "clang",
    "lld",
    "nodejs",
    "chromium",
)
"""Debian packages: compilers and emulators of the microcontrollers, and what runs WebAssembly."""


@nox.session(venv_backend="none")
def toolchains(session):
    """Install compilers and emulators of the microcontrollers (Debian, as root)."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        session.skip("needs apt-get and root; install by hand: " + " ".join(TOOLCHAINS))
    session.run("apt-get", "update", "-qq", external=True)
    session.run("apt-get", "install", "-y", "-qq", *TOOLCHAINS, external=True, silent=True)


@nox.session
def emulators(session):
    """The C runtime on simavr and QEMU (nox -s toolchains); with names, device.json too."""
    install(session, "tests")
    session.run("pytest", "tests/targets/test_emulators.py", "tests/fuzz/test_fuzz.py")
    for name in session.posargs:
        session.run("python", "-m", "stages.device", name)


SLURM = ("slurmctld", "slurmd", "slurm-client", "munge")
"""Debian packages."""


@nox.session
def slurm(session):
    """hadamrnn sweep on a real SLURM of two nodes on this machine (Debian, as root)."""
    if not (shutil.which("slurmctld") or shutil.which("apt-get")) or os.geteuid() != 0:
        session.skip("needs root, and apt-get or by hand: " + " ".join(SLURM))
    if not shutil.which("slurmctld"):
        session.run("apt-get", "update", "-qq", external=True)
        session.run("apt-get", "install", "-y", "-qq", *SLURM, external=True, silent=True)
    install(session, "tests")
    env = {"HADAMRNN_SLURM": "1", "OMP_NUM_THREADS": "1"}
    session.run("pytest", "tests/sweeps/test_slurm.py", *session.posargs, env=env)


@nox.session
def bench(session):
    """Speed and memory against peers: results/benchmarks.json and a figure; --quick for a try."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def wheel(session):
    """A wheel for this system in dist/, with machine code for its kinds of processors inside."""
    session.install("-q", "numpy", "wheel", env=CONSTRAINED)
    folder = Path(session.create_tmp(), "wheel")
    shutil.rmtree(folder, ignore_errors=True)
    session.run("pip", "wheel", "-q", "--no-deps", "-w", str(folder), ".")
    (pure,) = folder.glob("*.whl")
    session.run("wheel", "unpack", "-d", str(folder), str(pure))
    (unpacked,) = folder.glob("hadamrnn-*/")
    with session.chdir(unpacked):
        session.run("python", "-B", "-m", "hadamrnn.targets.wheel")
    Path("dist").mkdir(exist_ok=True)
    session.run("wheel", "pack", "-d", "dist", str(unpacked))
