"""The emulated microcontrollers: how each is compiled for, emulated, and its clock.

Debian packages: gcc-avr avr-libc libsimavr-dev libelf-dev, gcc-arm-none-eabi
libnewlib-arm-none-eabi qemu-system-arm, gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf
qemu-system-misc.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hadamrnn.compiler import compile_c
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import IntegerModel, c_header
from hadamrnn.runtime import sources
from hadamrnn.targets.costs import Form

PROGRAMS = sources.FOLDER / "targets"
COMMON = ("-std=c99", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections")
BARE = ("-ffreestanding", "-nostartfiles", "-T", str(PROGRAMS / "device.ld"))
SEMIHOSTING = "enable=on,target=native"
QEMU = ("-nographic", "-monitor", "none", "-serial", "none", "-semihosting-config", SEMIHOSTING)


@dataclass(frozen=True)
class Target:
    """One processor, its cross compiler and its emulator.

    Attributes
    ----------
    name : str
        As in reports.
    prefix : str
        Of the GNU tools, as in ``avr-gcc``.
    options : tuple of str
        Of the compiler.
    runs : tuple of str
        The emulator's program, and what else it needs before the ELF file.
    unit : str
        What is counted: "cycles", exactly, or "instructions".
    loop : int
        How many of them PORT_LOOP of port.h takes, to turn the emulator's ticks into units.
    clock_hz : int or None
        The clock that times are stated for; None where a unit has no fixed time.
    call_bytes : int
        What a call puts on the stack.
    ram_bytes : int
        Memory for variables and stack.
    """

    name: str
    prefix: str
    options: tuple[str, ...]
    runs: tuple[str, ...]
    unit: str
    loop: int
    clock_hz: int | None
    call_bytes: int
    ram_bytes: int

    @property
    def avr(self) -> bool:
        """Whether the target is run by simavr, which counts cycles."""
        return self.prefix == "avr"

    @property
    def form(self) -> Form:
        """Which loops of the C runtime it takes, as ``costs`` counts them."""
        cores = [f"-mcpu=cortex-{core}" for core in ("m4", "m33", "m55")]
        halves = any(option in cores for option in self.options)
        return "bytes" if self.avr else "halves" if halves else "words"

    def missing(self) -> list[str]:
        """The names of the programs and libraries that this computer lacks."""
        tools = [f"{self.prefix}-gcc", f"{self.prefix}-nm", f"{self.prefix}-objdump"]
        if not self.avr:
            tools.append(self.runs[0])
        lacking = [tool for tool in tools if not shutil.which(tool)]
        if self.avr and not Path("/usr/include/simavr/sim_avr.h").exists():
            lacking.append("libsimavr-dev")
        return lacking

    def compile(
        self,
        program: str,
        folder: Path,
        definitions: Sequence[str],
        elf: str,
        extra: Sequence[Path] = (),
        model: IntegerModel | None = None,
    ) -> Path:
        """Compile a program of runtime/targets with the single ``hadamrnn.c``.

        Parameters
        ----------
        program : str
            ``device_main.c`` or ``stream_main.c``, which get their port, or ``flash_main.c``,
            which needs none.
        folder : Path
            Where the model's header lies, and the sources and the program are written.
        definitions : sequence of str
            Options that name the model, see ``emulation.definitions``.
        elf : str
            Name of the linked program.
        extra : sequence of Path
            C files of the runtime beside ``hadamrnn.c``.
        model : IntegerModel, optional
            For whom alone the runtime is written, as ``hadamrnn firmware`` does; without, for any.

        Returns
        -------
        Path
            ``folder / elf``.

        Raises
        ------
        HadamrnnError
            With the compiler's first error.
        """
        only = layout = None
        if model is not None:
            only, layout = c_header.only(model), c_header.names_of(model).checksum
        files = [PROGRAMS / program, sources.write_one_file(folder, only, layout), *extra]
        if program != "flash_main.c":
            files.append(PROGRAMS / ("port_avr.c" if self.avr else "port_semihosting.c"))
        command = [*self.options, *COMMON, *([] if self.avr else BARE), *definitions]
        places = [folder, PROGRAMS, sources.FOLDER]
        command += [*(f"-I{place}" for place in places), *map(str, files)]
        compile_c([*command, "-o", folder / elf], compiler=[f"{self.prefix}-gcc"], cwd=folder)
        return folder / elf


def _memory(flash: tuple[int, int], ram: tuple[int, int]) -> tuple[str, ...]:
    """Linker options for device.ld: start and size of both memories, in bytes."""
    places = ("flash_start", "flash_size", "ram_start", "ram_size")
    values = zip(places, (*flash, *ram), strict=True)
    return tuple(f"-Wl,--defsym={name}={value:#x}" for name, value in values)


def _avr(name: str, mcu: str, call_bytes: int, ram_bytes: int) -> Target:
    return Target(
        name=name,
        prefix="avr",
        options=("-Os", "-flto", f"-mmcu={mcu}", "-DF_CPU=16000000UL"),
        runs=("avr_runner", mcu),
        unit="cycles",
        loop=40_000,
        clock_hz=16_000_000,
        call_bytes=call_bytes,
        ram_bytes=ram_bytes,
    )


def _cortex_m(
    name: str,
    cpu: str,
    board: str,
    flash_bytes: int,
    ram_bytes: int,
    starts: tuple[int, int] = (0, 0x20000000),
) -> Target:
    memory = _memory((starts[0], flash_bytes), (starts[1], ram_bytes))
    return Target(
        name=name,
        prefix="arm-none-eabi",
        options=("-O2", f"-mcpu={cpu}", "-mthumb", *memory),
        runs=("qemu-system-arm", "-M", board, *QEMU, "-icount", "shift=6", "-kernel"),
        unit="instructions",
        loop=20_000,
        clock_hz=None,
        call_bytes=0,
        ram_bytes=ram_bytes,
    )


def _riscv(name: str, architecture: str, flash_bytes: int, ram_bytes: int) -> Target:
    memory = _memory((0x80000000, flash_bytes), (0x80000000 + flash_bytes, ram_bytes))
    machine = (f"-march={architecture}", "-misa-spec=2.2", "-mabi=ilp32", "--specs=picolibc.specs")
    board = ("qemu-system-riscv32", "-M", "virt", "-bios", "none")
    return Target(
        name=name,
        prefix="riscv64-unknown-elf",
        options=("-O2", *machine, *memory),
        runs=(*board, *QEMU, "-icount", "shift=0", "-kernel"),
        unit="instructions",
        loop=20_000,
        clock_hz=None,
        call_bytes=0,
        ram_bytes=ram_bytes,
    )


TARGETS = {
    target.name: target
    for target in (
        _avr("ATmega328P", "atmega328p", call_bytes=2, ram_bytes=2048),
        _avr("ATmega2560", "atmega2560", call_bytes=3, ram_bytes=8192),
        _cortex_m("Cortex-M0+", "cortex-m0plus", "microbit", 1 << 18, 1 << 14),
        _cortex_m("Cortex-M3", "cortex-m3", "mps2-an385", 1 << 22, 1 << 22),
        _cortex_m("Cortex-M4", "cortex-m4", "mps2-an386", 1 << 22, 1 << 22),
        _riscv("RV32IMAC", "rv32imac", 1 << 21, 1 << 21),
    )
}

CORTEX_M33 = _cortex_m(
    "Cortex-M33", "cortex-m33", "mps2-an505", 1 << 22, 1 << 22, starts=(0x10000000, 0x38000000)
)
"""Not in TARGETS: it takes the loops of a Cortex-M4."""
CORTEX_M55 = _cortex_m(
    "Cortex-M55", "cortex-m55", "mps3-an547", 1 << 19, 1 << 19, starts=(0, 0x20000000)
)
"""Not in TARGETS: it takes the loops of a Cortex-M4."""
CORTEX_M55_HELIUM = replace(CORTEX_M55, options=(*CORTEX_M55.options, "-O3", "-mfloat-abi=hard"))
"""With vectors, which the compiler may use."""
ATTINY85 = _avr("ATtiny85", "attiny85", call_bytes=2, ram_bytes=512)
"""Not in TARGETS: without a multiplier it takes the plain loops, for models of a few neurons."""


def require(target: Target) -> None:
    """Raise HadamrnnError naming what ``target`` needs and this computer lacks."""
    if target.missing():
        raise HadamrnnError(
            f"{target.name}: needs a cross compiler and an emulator, see docs/guides/device.md; "
            f"missing: {', '.join(target.missing())}"
        )
