"""What was compiled once in a run of the tests is not compiled again.

A file is the same where its text after the preprocessor and the options are; the object is then
taken from a folder that the processes of the run share. A program whose objects and options are the
same is not linked again. What is not a plain compilation, and what fails, is left to the compiler.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from hadamrnn import compiler

ENDINGS = (".c", ".cpp")
PREPROCESSING = ("-D", "-I", "-U", "-include")
LINKED = ("-Wl,", "-l", "-T")
LINKING = (*LINKED, "-L", "-nostartfiles", "-nostdlib", "--specs")
WHOLE = ("-E", "-fsyntax-only", "--coverage", "-fprofile", "-x", "-MM", "-S", "--version")
"""Options of what is left to the compiler."""
WITH_VALUE = ("-o", "-I", "-T", "-L", "-include")


class Kept:
    """``compiler.run_tool`` with a folder of what was compiled before.

    Parameters
    ----------
    folder : Path
        Shared by all processes of a run.
    run_tool : callable
        What compiles.
    """

    def __init__(self, folder, run_tool):
        self.folder, self.plain = folder, run_tool

    def __call__(self, command, cwd=None):
        command = list(map(str, command))
        return self._kept(command, cwd) or self.plain(command, cwd)

    def _kept(self, command, cwd):
        """What was done for a compilation, None for something else and where a step fails."""
        if "-o" not in command or any(word.startswith(WHOLE) for word in command):
            return None
        options, sources, output, words = [], [], None, iter(command[1:])
        for word in words:
            if word == "-o":
                output = Path(cwd or "", next(words))
            elif word in WITH_VALUE:
                options.append((word, next(words)))
            elif Path(word).suffix in ENDINGS and not word.startswith("-"):
                sources.append(word)
            else:
                options.append((word,))
        if not sources:
            return None
        tool, only = command[0], ("-c",) in options
        options = [option for option in options if option != ("-c",)]
        objects = [self._object(tool, options, source, cwd) for source in sources]
        if None in objects or (only and len(objects) > 1):
            return None
        made = objects[0] if only else self._program(tool, options, objects, cwd)
        if made is None:
            return None
        shutil.copy(made, output)
        return subprocess.CompletedProcess(command, 0, "", "")

    def _object(self, tool, options, source, cwd):
        def flat(skipped):
            return [w for one in options if not one[0].startswith(skipped) for w in one]

        done = self.plain([tool, *flat(LINKED), "-E", "-P", source], cwd)
        if done.returncode:
            return None
        compiling = flat((*PREPROCESSING, *LINKED))
        key = self._key(tool, *compiling, Path(source).suffix, done.stdout)
        steps = flat(LINKING if "clang" in tool else LINKED)
        return self._made(f"{key}.o", [tool, *steps, "-c", source], cwd)

    def _program(self, tool, options, objects, cwd):
        flat = [w for one in options if not one[0].startswith(PREPROCESSING) for w in one]
        read = [Path(cwd or "", w) for w in flat if Path(w).suffix in (".ld", ".o")]
        texts = [path.read_bytes().hex() for path in read]
        words = [w for w in flat if not w.endswith(".o")]
        key = self._key(tool, *words, *texts, *(path.name for path in objects))
        return self._made(key, [tool, *objects, *flat], cwd)

    def _made(self, name, command, cwd):
        path = self.folder / name
        if not path.exists():
            part = path.with_name(f"{name}.{os.getpid()}")
            if self.plain([*map(str, command), "-o", str(part)], cwd).returncode:
                return None
            part.replace(path)
        return path

    @staticmethod
    def _key(*words):
        return hashlib.sha256("\0".join(words).encode()).hexdigest()


def shared_folder(request, tmp_path_factory):
    """The temporary folder that the processes of a run of the tests have in common."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if hasattr(request.config, "workerinput") else folder


def keep(folder, patch):
    """From now on, compile with what ``folder`` holds."""
    folder.mkdir(exist_ok=True)
    patch.setattr(compiler, "run_tool", Kept(folder, compiler.run_tool))
