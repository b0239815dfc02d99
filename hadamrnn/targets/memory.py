"""Flash and RAM of a model on a device, and its deepest stack, from the linked program alone."""

import re
import subprocess

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import c_header

CALLS = ("call", "rcall", "bl", "blx", "jal", "jalr", "c.jal")


def _tool(target, name, *arguments):
    command = [f"{target.prefix}-{name}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def section_bytes(target, elf):
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


def table_bytes(target, elf, model):
    """Bytes of the model's tables in a linked program."""
    prefix, total = c_header.c_name(model.name), 0
    for line in _tool(target, "nm", "-S", elf).splitlines():
        words = line.split()
        if len(words) == 4 and words[3] in {f"{prefix}_{name}" for name in c_header.TABLES}:
            total += int(words[1], 16)
    return total


def functions(target, elf):
    """{function: (frame bytes, {(callee, whether called, not jumped to)})} from machine code.

    The frame is what the entry of the function puts on the stack; only code that never changes
    the stack pointer by a variable amount can be read this way, which the runtime is.
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


def _room(operation, rest, room):
    """Bytes subtracted from r29:r28 by this instruction and the one before it."""
    if operation == "sbc" and rest.startswith("r29, r1"):  # r1 is 0
        return room
    match = re.match(r"r2[89], 0x([0-9a-fA-F]+)", rest)
    if not match or operation not in ("sbiw", "subi", "sbci"):
        return 0
    value = int(match[1], 16)
    return room + 256 * value if operation == "sbci" else value


def _pushed(target, operation, rest):
    """Bytes that one instruction adds to the stack, but for frames on AVR."""
    if target.avr:
        makes_room = operation == "rcall" and rest.startswith(".+0")  # calls what comes next
        return target.call_bytes if makes_room else int(operation == "push")
    if operation == "push" or operation.startswith("stmdb"):
        return 4 * len(rest[rest.index("{") : rest.index("}")].split(","))
    pattern = r"sp,\s?(?:sp, )?#(\d+)" if operation.startswith("sub") else r"sp,\s?sp,-(\d+)"
    match = re.match(pattern, rest)
    return int(match[1]) if match else 0


def worst_stack(target, elf):
    """Most stack bytes of the program, from the call of main on.

    Raises HadamrnnError for recursion, which would have no bound.
    """
    found = functions(target, elf)

    def depth(name, above=()):
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
