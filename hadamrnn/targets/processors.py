"""The emulated devices: how each is compiled for, emulated, and how fast its clock is taken.

Debian packages: gcc-avr avr-libc libsimavr-dev libelf-dev, gcc-arm-none-eabi
libnewlib-arm-none-eabi qemu-system-arm, gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf
qemu-system-misc.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from hadamrnn.errors import HadamrnnError
from hadamrnn.targets.host import RUNTIME, compile_c

SOURCES = RUNTIME / "targets"
COMMON = ("-std=c99", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections")
BARE = ("-ffreestanding", "-nostartfiles", "-T", str(SOURCES / "device.ld"))
QEMU = ("-nographic", "-monitor", "none", "-serial", "none",
        "-semihosting-config", "enable=on,target=native")  # fmt: skip


def _memory(**places):
    return tuple(f"-Wl,--defsym={name}={value:#x}" for name, value in places.items())


@dataclass(frozen=True)
class Target:
    """One processor.

    prefix : of the GNU tools, as in avr-gcc; options : of the compiler.
    runs : the emulator's program, and what else it needs before the ELF file.
    unit : what is counted, "cycles" exactly or "instructions".
    loop : how many of them PORT_LOOP of port.h takes, to turn the emulator's ticks into units.
    clock_hz : the clock that times are stated for; None where a unit has no fixed time.
    call_bytes : what a call puts on the stack; ram_bytes : its memory for variables and stack.
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
    def avr(self):
        """Whether the target is run by simavr, which counts cycles."""
        return self.prefix == "avr"

    def missing(self):
        """The names of the programs and libraries that this computer lacks."""
        tools = [f"{self.prefix}-gcc", f"{self.prefix}-nm", f"{self.prefix}-objdump"]
        lacking = [tool for tool in (*tools, self.runs[0]) if not shutil.which(tool)]
        if self.avr:
            lacking = [tool for tool in lacking if tool != self.runs[0]]
            if not Path("/usr/include/simavr/sim_avr.h").exists():
                lacking.append("libsimavr-dev")
        return lacking

    def compile(self, program, folder, definitions, elf):
        """Compile targets/<program>, with its port unless it is flash_main.c, to folder / elf."""
        port = "port_avr.c" if self.avr else "port_semihosting.c"
        sources = [SOURCES / program, RUNTIME / "hadamrnn.c"]
        sources += [SOURCES / port] * (program == "device_main.c")
        sources += [RUNTIME / "hadamrnn_avr.S"] * self.avr
        command = [*self.options, *COMMON, *([] if self.avr else BARE), *definitions]
        includes = ["-I", RUNTIME, "-I", SOURCES, "-I", folder]
        compile_c(
            [*command, *includes, *sources, "-o", folder / elf], compiler=[f"{self.prefix}-gcc"],
            cwd=folder,
        )  # fmt: skip
        return folder / elf


AVR = {
    name: Target(
        name,
        "avr",
        ("-Os", "-flto", f"-mmcu={mcu}", "-DF_CPU=16000000UL"),
        ("avr_runner", mcu),
        "cycles",
        40_000,
        16_000_000,
        call,
        ram,
    )  # fmt: skip
    for name, mcu, call, ram in (
        ("ATmega328P", "atmega328p", 2, 2048),
        ("ATmega2560", "atmega2560", 3, 8192),
    )
}
TARGETS = AVR | {
    target.name: target
    for target in (
        Target(
            "Cortex-M0+", "arm-none-eabi",
            ("-O2", "-mcpu=cortex-m0plus", "-mthumb",
             *_memory(flash_start=0, flash_size=1 << 18, ram_start=0x20000000, ram_size=1 << 14)),
            ("qemu-system-arm", "-M", "microbit", *QEMU, "-icount", "shift=6", "-kernel"),
            "instructions", 20_000, None, 0, 1 << 14,
        ),
        Target(
            "Cortex-M3", "arm-none-eabi",
            ("-O2", "-mcpu=cortex-m3", "-mthumb",
             *_memory(flash_start=0, flash_size=1 << 22, ram_start=0x20000000, ram_size=1 << 22)),
            ("qemu-system-arm", "-M", "mps2-an385", *QEMU, "-icount", "shift=6", "-kernel"),
            "instructions", 20_000, None, 0, 1 << 22,
        ),
        Target(
            "RV32IMAC", "riscv64-unknown-elf",
            ("-O2", "-march=rv32imac", "-misa-spec=2.2", "-mabi=ilp32", "--specs=picolibc.specs",
             *_memory(flash_start=0x80000000, flash_size=1 << 21, ram_start=0x80200000,
                      ram_size=1 << 21)),
            ("qemu-system-riscv32", "-M", "virt", "-bios", "none", *QEMU, "-icount", "shift=0",
             "-kernel"),
            "instructions", 20_000, None, 0, 1 << 21,
        ),
    )
}  # fmt: skip


def require(target):
    """Raise HadamrnnError naming what ``target`` needs and this computer lacks."""
    if target.missing():
        raise HadamrnnError(
            f"{target.name}: needs a cross compiler and an emulator, see docs/guides/device.md; "
            f"missing: {', '.join(target.missing())}"
        )
