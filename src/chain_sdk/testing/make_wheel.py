"""Writes a wheel `bittensor` that has what the sidecar asks of the SDK until its greeting, and prints its hash.

    make_wheel.py FOLDER VERSION [BROKEN]

With BROKEN the package raises when it is imported.
"""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path


def main(folder, version, broken=None):
    info = f"bittensor-{version}.dist-info"
    package = f'__version__ = "{version}"\n'
    if broken:
        package += f'raise ImportError("{broken}")\n'
    files = {
        "bittensor/__init__.py": package,
        "bittensor/settings.py": "def resolve_endpoint(network):\n    return network, 'ws://127.0.0.1:9'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: bittensor\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(text)}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    path = Path(folder) / f"bittensor-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    print(hashlib.sha256(path.read_bytes()).hexdigest())


if __name__ == "__main__":
    main(*sys.argv[1:])
