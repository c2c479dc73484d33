"""Torch without CUDA's two gigabytes: the wheels of PyPI want its libraries even where nothing runs on a GPU.

Empty libraries with the right names and symbols let it load; nothing in them is ever called. The two small ones that
are called at load come from their own wheels.
"""

import pathlib
import re
import subprocess
import sysconfig

REAL = ("libcudart.so", "libcupti.so")
SITE = pathlib.Path(sysconfig.get_path("purelib"))


def environment(folder: pathlib.Path) -> dict:
    """What a process that imports torch must have in its environment; the libraries are made in `folder`."""
    real = sorted({str(path.parent) for path in SITE.glob("nvidia/**/lib/lib*.so*")})
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        partial.mkdir(parents=True, exist_ok=True)
        make(partial)
        partial.rename(folder)
    return {"LD_LIBRARY_PATH": ":".join([str(folder), *real]), "HF_HUB_OFFLINE": "1"}


def make(folder: pathlib.Path) -> None:
    needed: set[str] = set()
    versions: dict[str, set[str]] = {}
    symbols: dict[str, set[str]] = {}
    libraries = sorted((SITE / "torch" / "lib").glob("*.so*"))
    if not libraries:
        raise FileNotFoundError(f"{SITE}: torch is not installed here; run ./dev bench predict")
    for library in libraries:
        text = subprocess.run(["readelf", "-drVW", library], capture_output=True, text=True, check=True).stdout
        needed |= set(re.findall(r"NEEDED.*\[(lib(?:cu|nccl|nv)[^\]]*)\]", text))
        library_of = {}
        for owner, block in re.findall(r"Version: 1 +File: (\S+)((?:(?!Version: 1 +File:).)*)", text, re.DOTALL):
            for version in re.findall(r"Name: (\S+) +Flags", block):
                versions.setdefault(owner, set()).add(version)
                library_of[version] = owner
        for symbol, version in re.findall(r"R_X86_64_(?:GLOB_DAT|64|COPY|JUMP_SLOT) +0{16} +(\w+)(?:@(\S+))?", text):
            # Names without a version may lie in any library that is loaded.
            owner = library_of.get(version, "") if version else "libnccl.so.2"
            if version or re.match("nccl|cu[A-Z]|cusparseLt", symbol):
                symbols.setdefault(owner, set()).add(symbol)
    for name in sorted(needed):
        if name.startswith(REAL) or (SITE / "torch" / "lib" / name).exists():
            continue
        source, script = folder / "empty.c", folder / "versions.map"
        source.write_text("".join(f"char {symbol}[64];\n" for symbol in sorted(symbols.get(name, ()))))
        command = ["gcc", "-shared", "-w", source, "-o", folder / name, f"-Wl,-soname,{name}"]
        if name in versions:
            script.write_text("".join(f"{version} {{ global: *; }};\n" for version in sorted(versions[name])[:1]))
            command.append(f"-Wl,--version-script,{script}")
        subprocess.run(command, check=True)
