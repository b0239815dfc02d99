"""Flash and RAM of a model on a device, and its deepest stack, from the linked program alone."""

import re
from pathlib import Path

from hadamrnn.compiler import run_tool
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import IntegerModel, c_header
from hadamrnn.targets.processors import Target

CALLS = ("call", "rcall", "bl", "blx", "jal", "jalr", "c.jal")
Frames = dict[str, tuple[int, set[tuple[str, bool]]]]


def _tool(target: Target, name: str, *arguments: str | Path) -> str:
    result = run_tool([f"{target.prefix}-{name}", *arguments])
    if result.returncode:
        raise HadamrnnError(
            f"{target.prefix}-{name}: must read the program; got {result.stderr.strip()[:500]}"
        )
    return result.stdout


def section_bytes(target: Target, elf: Path) -> tuple[int, int]:
    """(flash, RAM) bytes of a linked program, without its stack."""
    flash = ram = 0
    for line in _tool(target, "size", "-A", elf).splitlines():
        words = line.split()
        if len(words) == 3 and words[0].split(".")[1:2] in (["text"], ["rodata"], ["vectors"]):
            flash += int(words[1])
        elif len(words) == 3 and words[0].startswith((".data", ".sdata")):
            flash, ram = flash + int(words[1]), ram + int(words[1])
        elif len(words) == 3 and words[0].startswith((".bss", ".sbss")):
            ram += int(words[1])
    return flash, ram


def table_bytes(target: Target, elf: Path, model: IntegerModel) -> int:
    """Bytes of the model's tables in a linked program."""
    model_names, total = c_header.names_of(model), 0
    sections = (*c_header.TABLES, *c_header.RECORDED)
    names = {model_names.table(section) for section in sections}
    for line in _tool(target, "nm", "-S", elf).splitlines():
        words = line.split()
        if len(words) == 4 and words[3] in names:
            total += int(words[1], 16)
    return total


def functions(target: Target, elf: Path) -> Frames:
    """What each function puts on the stack, and whom it calls, from machine code.

    Returns
    -------
    dict
        {function: (frame bytes, {(callee, whether called, not jumped to)})}. The frame is what
        the entry of the function puts on the stack; only code that never changes the stack
        pointer by a variable amount can be read this way, which the runtime is.
    """
    frames: dict[str, int] = {}
    calls: dict[str, set[tuple[str, bool]]] = {}
    name, room = None, 0
    for line in _tool(target, "objdump", "-d", "--no-show-raw-insn", elf).splitlines():
        if match := re.match(r"[0-9a-f]+ <([^>]+)>:", line):
            name = match[1]
            frames[name], calls[name] = 0, set()
        elif name and (match := re.match(r"\s*[0-9a-f]+:\s+(\S+)\s*(.*)", line)):
            operation, rest = match[1], match[2]
            frames[name] += _pushed(target, operation, rest)
            if target.avr:  # a frame is made by sbiw or subi, sbci on r28, then written to SP
                if operation == "in" and rest.startswith("r0, 0x3f"):
                    frames[name] += room if room < 1 << 15 else 0  # else an addition
                room = _room(operation, rest, room)
            callee = re.search(r"<([\w.]+)>", rest)
            if callee and callee[1] != name and operation[0] in "bcjr":
                calls[name].add((callee[1], operation in CALLS))
    return {name: (frame, calls[name]) for name, frame in frames.items()}


def _room(operation: str, rest: str, room: int) -> int:
    """Bytes subtracted from r29:r28 by this instruction and the one before it."""
    if operation == "sbc" and rest.startswith("r29, r1"):  # r1 is 0
        return room
    match = re.match(r"r2[89], 0x([0-9a-fA-F]+)", rest)
    if not match or operation not in ("sbiw", "subi", "sbci"):
        return 0
    value = int(match[1], 16)
    return room + 256 * value if operation == "sbci" else value


def _pushed(target: Target, operation: str, rest: str) -> int:
    """Bytes that one instruction adds to the stack, but for frames on AVR."""
    if target.avr:
        makes_room = operation == "rcall" and rest.startswith(".+0")  # calls what comes next
        return target.call_bytes if makes_room else int(operation == "push")
    if operation == "push" or operation.startswith("stmdb"):
        return 4 * len(rest[rest.index("{") : rest.index("}")].split(","))
    pattern = r"sp,\s?(?:sp, )?#(\d+)" if operation.startswith("sub") else r"sp,\s?sp,-(\d+)"
    match = re.match(pattern, rest)
    return int(match[1]) if match else 0


def worst_stack(target: Target, elf: Path) -> int:
    """Most stack bytes of the program, from the call of main on.

    Raises
    ------
    HadamrnnError
        For recursion, which would have no bound.
    """
    found = functions(target, elf)

    def depth(name: str, above: tuple[str, ...] = ()) -> int:
        frame, edges = found.get(name, (0, set()))
        inner = 0
        for callee, called in edges:
            if callee not in above:  # a label that is jumped back to adds nothing
                below = depth(callee, (*above, name))
                inner = max(inner, below + target.call_bytes * called)
            elif called:
                path = " > ".join((*above, name, callee))
                raise HadamrnnError(f"{callee}: must not call itself; got {path}")
        return frame + inner

    return target.call_bytes + depth("main")
