"""Build libsimcard_skf.so, the SKF interface for programs in C: ``python -m scripts.build_skf``.

    build/libsimcard_skf.so      the library
    build/include/simcard_skf.h  its header

The library holds an interpreter, so it needs a libpython: the shared one of the interpreter that runs this script,
else the system's of the same version, else the interpreter's static one if it can be linked into a library. Each is
tried with a program in C that has no Python; the first that works is taken.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cffi import FFI  # type: ignore[import-untyped]  # cffi has no types

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "host_tools" / "skf"
HEADER = SOURCES / "include" / "simcard_skf.h"
NATIVE = SOURCES / "native"
BUILD = ROOT / "build"
NAME = "libsimcard_skf.so"
MODULE = "_simcard_skf"
FUNCTION = re.compile(r"ULONG DEVAPI (SKF_\w+)\(([^)]*)\);")

INIT = """
import os
import sys

for folder in os.environ.get("SIMCARD_SKF_PYTHONPATH", "").split(os.pathsep):
    if folder:
        sys.path.insert(0, folder)
sys.path.extend(folder for folder in {folders!r} if folder not in sys.path)

from {module} import ffi, lib
from host_tools.skf.native.bind import bind

bind(ffi, lib, {functions!r})
"""

WRAPPERS = """\
/* Made by scripts/build_skf from simcard_skf.h: starts the interpreter if need be, then calls the body in Python. */
#include "simcard_skf.h"

#define EXPORTED __attribute__((visibility("default")))

extern int skf_start(void);
extern int py_ready(void);

static int ready(void)
{{
    static volatile int is_ready;

    /* A body that cannot be called answers 0, which would be SAR_OK; so the interpreter is asked once for a 1. */
    if (!is_ready)
        is_ready = skf_start() && py_ready() == 1;
    return is_ready;
}}

{functions}"""

WRAPPER = """\
extern ULONG py_{name}({parameters});

EXPORTED ULONG DEVAPI {name}({parameters})
{{
    return ready() ? py_{name}({arguments}) : SAR_NOTINITIALIZEERR;
}}
"""

PROBE = """\
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : 0;
    uint32_t size = 0, (*enumerate)(uint32_t, char *, uint32_t *);
    if (!library) {
        fprintf(stderr, "%s\\n", dlerror());
        return 2;
    }
    *(void **)&enumerate = dlsym(library, "SKF_EnumDev");
    return enumerate && enumerate(1, 0, &size) == 0 && size == 2 ? 0 : 3;
}
"""


class BuildError(Exception):
    """The library cannot be built here; the text says why."""


@dataclass(frozen=True, slots=True)
class Libpython:
    """One way to have an interpreter in the library: what to link, and whether its symbols must be seen."""

    what: str
    flags: tuple[str, ...]
    static: bool = False


def declarations(path: Path) -> str:
    """What stands between the marks of a header, without preprocessor lines and comments."""
    text = path.read_text(encoding="utf-8")
    text = text[text.index("/* begin declarations */") : text.index("/* end declarations */")]
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def functions() -> dict[str, str]:
    """Parameters by function, in the order of the header."""
    return {name: " ".join(given.split()) for name, given in FUNCTION.findall(declarations(HEADER))}


def wrapper(name: str, parameters: str) -> str:
    """The C function that programs call."""
    given = [] if parameters == "void" else parameters.split(",")
    arguments = ", ".join(re.split(r"[ *]+", each.strip())[-1] for each in given)
    return WRAPPER.format(name=name, parameters=parameters, arguments=arguments)


def folders() -> list[str]:
    """Where the library finds its packages: this project, and those of the environment."""
    return [str(ROOT), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]


def write_sources(into: Path) -> list[Path]:
    """Everything to compile."""
    found = functions()
    builder = FFI()
    types = FUNCTION.sub("", declarations(HEADER))
    builder.cdef(types, packed=True)
    builder.cdef(declarations(NATIVE / "pcsc.h"))
    bodies = "".join(f"ULONG py_{name}({parameters});\n" for name, parameters in found.items())
    builder.cdef('extern "Python+C" {\n' + bodies + "int py_ready(void);\n}")
    builder.embedding_api("")
    builder.embedding_init_code(INIT.format(folders=folders(), module=MODULE, functions=list(found)))
    builder.set_source(MODULE, '#include "simcard_skf.h"\n#include "pcsc.h"\n')
    module, wrappers = into / f"{MODULE}.c", into / "wrappers.c"
    builder.emit_c_code(str(module))
    body = "\n".join(wrapper(name, parameters) for name, parameters in found.items())
    wrappers.write_text(WRAPPERS.format(functions=body), encoding="utf-8")
    python = str(Path(sys.executable)).replace("\\", "\\\\").replace('"', '\\"')
    (into / "simcard_skf_build.h").write_text(f'#define SIMCARD_SKF_PYTHON "{python}"\n', encoding="utf-8")
    (into / "exports.map").write_text("{ global: SKF_*; local: *; };\n", encoding="utf-8")
    return [module, wrappers, NATIVE / "start.c", NATIVE / "pcsc.c"]


def candidates() -> Iterator[Libpython]:
    """Interpreters to link, the best first."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder, archive = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("LIBRARY")
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        yield Libpython("the interpreter's own", (f"-L{folder}", f"-Wl,-rpath,{folder}", f"-lpython{version}"))
    yield Libpython("the system's", (f"-lpython{version}",))
    for place in (sysconfig.get_config_var("LIBPL"), folder):
        static = Path(str(place), str(archive))
        if static.is_file():
            libraries = f"{sysconfig.get_config_var('LIBS') or ''} {sysconfig.get_config_var('SYSLIBS') or ''}".split()
            whole = ("-Wl,--whole-archive", str(static), "-Wl,--no-whole-archive")
            yield Libpython("the interpreter's static one", (*whole, *libraries), static=True)


def pcsc_flags() -> list[str]:
    done = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "libpcsclite"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError("libpcsclite and its headers are needed (Debian package libpcsclite-dev)")
    return done.stdout.split()


def compile_with(libpython: Libpython, sources: list[Path], work: Path) -> Path:
    """The library with this interpreter; `BuildError` with what the compiler said."""
    made = work / NAME
    include = [f"-I{folder}" for folder in (HEADER.parent, NATIVE, work, sysconfig.get_path("include"))]
    exports = [] if libpython.static else [f"-Wl,--version-script={work / 'exports.map'}", "-fvisibility=hidden"]
    shared = ["-shared", "-fPIC", "-O2", "-Wl,-z,nodelete", "-Wl,--no-undefined", *exports]
    command = [os.environ.get("CC", "gcc"), *shared, *include, "-o", str(made), *map(str, sources)]
    try:
        flags = [*libpython.flags, *pcsc_flags(), "-lpthread", "-ldl"]
        done = subprocess.run([*command, *flags], capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        raise BuildError(f"{missing.filename} is not installed") from None
    if done.returncode:
        raise BuildError(done.stderr.strip())
    return made


def probe(library: Path, work: Path) -> None:
    """Load it from a program without Python and call it; `BuildError` when that fails."""
    source, program = work / "probe.c", work / "probe"
    source.write_text(PROBE, encoding="utf-8")
    subprocess.run([os.environ.get("CC", "gcc"), "-o", program, source, "-ldl"], check=True)
    nowhere = {**os.environ, "PCSCLITE_CSOCK_NAME": str(work / "nobody")}
    done = subprocess.run([program, library], env=nowhere, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(done.stderr.strip() or f"the probe ended with {done.returncode}")


def build(into: Path = BUILD) -> Path:
    """Build the library into a folder; its path. `BuildError` says what is missing."""
    work = into / "skf"
    work.mkdir(parents=True, exist_ok=True)
    sources = write_sources(work)
    failures = []
    for libpython in candidates():
        try:
            made = compile_with(libpython, sources, work)
            probe(made, work)
        except BuildError as failed:
            failures.append(f"{libpython.what} libpython: {failed}")
            continue
        (into / "include").mkdir(exist_ok=True)
        shutil.copyfile(HEADER, into / "include" / HEADER.name)
        # A program may have the old one open: put the new one beside it, then in its place.
        return made.replace(into / NAME)
    raise BuildError("no libpython can be built in:\n" + "\n".join(failures))


def main() -> int:
    """Build; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.build_skf", description="Build libsimcard_skf.so.")
    parser.add_argument("--into", type=Path, default=BUILD, help="folder for the library and its header")
    try:
        print(build(parser.parse_args().into))
    except BuildError as failed:
        sys.stderr.write(f"build_skf: {failed}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
