"""The packages that `./dev package` makes: what is in them, and whether they run on a Debian 12 that has nothing else.

The bare system is Debian's minbase, made once by debootstrap in build/package-test and copied for each package. Needs
root, debootstrap and a Debian mirror; without the first two these tests skip and only the contents are looked at.
"""

import contextlib
import gzip
import http.server
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tarfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "build" / "package"
WORK = ROOT / "build" / "package-test"
DATA = ROOT / "tests" / "data" / "audit" / "s01_mix"
UNITS = {unit.name for unit in (ROOT / "cmake" / "package" / "systemd").iterdir()}
SKIPPED = 77

# What every Linux has that can run a C++ program; all else must come along in the .tar.gz.
RUNTIMES = re.compile(r"(ld-linux-x86-64|lib(c|m|dl|rt|pthread|resolv|util|anl|gcc_s|stdc\+\+))\.so\.\d+")
CARRIED = {"libarrow.so", "libarrow_s3.so", "libassay_engine.so", "libparquet.so", "libopenvino.so",
           "libopenvino_intel_cpu_plugin.so", "libopenvino_ir_frontend.so", "libopenvino_onnx_frontend.so", "libtbb.so"}
# What the program loads when it is needed, by the names it looks for.
LOADED = ["libassay_engine.so", "libcurl.so.4", "libheif.so.1"]


def output_of(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def setUpModule():
    made = subprocess.run([ROOT / "dev", "package"], capture_output=True, text=True, check=False)
    if made.returncode != 0 or "package: " in made.stderr:
        raise AssertionError(f"./dev package failed or warned:\n{made.stdout[-2000:]}\n{made.stderr[-4000:]}")
    shutil.rmtree(WORK / "run", ignore_errors=True)
    (WORK / "run").mkdir(parents=True)


def tearDownModule():
    shutil.rmtree(WORK / "run", ignore_errors=True)


def the_package(pattern):
    found = list(PACKAGES.glob(pattern))
    assert len(found) == 1, f"{pattern}: {found}"
    return found[0]


def unpack_tar(folder):
    """The package's one folder, unpacked below `folder`."""
    folder.mkdir(parents=True)
    with tarfile.open(the_package("assay-*.tar.gz")) as archive:
        archive.extractall(folder)
    entries = list(folder.iterdir())
    assert len(entries) == 1, f"the archive has not one folder but {entries}"
    return entries[0]


@contextlib.contextmanager
def tls_server(folder):
    """The address of an HTTPS server that has no object; `folder` gets authority.pem, which vouches for it."""

    class HasNothing(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):  # the name that http.server looks for
            body = b'{"error": {"code": 404, "message": "No such object"}}'
            self.send_response(404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    key, authority = WORK / "run" / "key.pem", folder / "authority.pem"
    output_of("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
              "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, key)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), HasNothing) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Contents(unittest.TestCase):
    """Both packages, unpacked on this machine."""

    def check_program(self, prefix):
        program = prefix / "bin" / "assay"
        libraries = sorted((prefix / "lib" / "assay").iterdir())
        self.assertLessEqual(CARRIED, {re.sub(r"\.so\..*", ".so", library.name) for library in libraries})
        dynamic = output_of("readelf", "-d", program)
        self.assertEqual(re.findall(r"\((RPATH|RUNPATH)\).*\[(.*)\]", dynamic), [("RPATH", "$ORIGIN/../lib/assay")])
        for library in libraries:
            self.assertFalse(library.is_symlink(), library)
            found = re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", output_of("readelf", "-d", library))
            self.assertIn(found, ([], ["$ORIGIN"]), library)
        for binary in [program, *libraries]:
            self.assertNotIn(".symtab", output_of("readelf", "-SW", binary), f"{binary} is not stripped")
        for binary in (program, prefix / "lib/assay/libassay_engine.so"):
            self.assertFalse(os.fsencode(ROOT) in binary.read_bytes(), f"{binary} has a path of the machine that built it")
        for path in prefix.rglob("*"):
            mode = path.stat().st_mode & 0o7777
            wanted = 0o755 if path.is_dir() or path == program else 0o644
            self.assertEqual(oct(mode), oct(wanted), path)
        for text in ("LICENSE.txt", "NOTICE.txt"):
            self.assertTrue((prefix / "share/doc/assay/arrow" / text).stat().st_size > 1000)
        self.assertTrue((prefix / "share/doc/assay/openvino/LICENSE").stat().st_size > 1000)
        return {library.name for library in libraries}

    def test_tar_carries_all_that_it_needs(self):
        prefix = unpack_tar(WORK / "run" / "contents tar")
        carried = self.check_program(prefix)
        needed = set()
        for binary in [prefix / "bin" / "assay", *(prefix / "lib" / "assay").iterdir()]:
            needed |= set(re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "-d", binary)))
        missing = {name for name in needed - carried if not RUNTIMES.fullmatch(name)}
        self.assertEqual(missing, set())
        self.assertEqual({name for name in carried if RUNTIMES.fullmatch(name)}, set(), "never carry a runtime")
        self.assertLessEqual(set(LOADED), carried)
        self.assertIn("Apache License", (prefix / "share/doc/assay/LICENSE").read_text())
        self.assertEqual(UNITS, {unit.name for unit in (prefix / "share/assay/systemd").iterdir()})
        terms = {path.parent.name for path in prefix.glob("share/doc/assay/libraries/*/copyright")}
        self.assertLessEqual({"libcurl4", "libfmt9", "libssl3"}, terms)
        self.assertIn("GNU LESSER", (prefix / "share/doc/assay/libraries/common-licenses/LGPL-2.1").read_text())

    def test_deb_carries_what_debian_lacks_and_names_the_rest(self):
        package = the_package("assay_*_amd64.deb")
        prefix = WORK / "run" / "contents deb"
        subprocess.run(["dpkg-deb", "-x", package, prefix], check=True)
        carried = self.check_program(prefix / "usr")
        self.assertEqual({re.sub(r"\.so\..*", ".so", name) for name in carried}, CARRIED)
        depends = output_of("dpkg-deb", "-f", package, "Depends")
        for name in ("libc6", "libcurl4", "libfmt9", "libstdc++6", "ca-certificates"):
            self.assertRegex(depends, rf"(^|, ){re.escape(name)}( |,|$)")
        self.assertEqual(output_of("dpkg-deb", "-f", package, "Recommends").strip(), "libheif1")
        documents = prefix / "usr/share/doc/assay"
        self.assertTrue((documents / "copyright").read_text().startswith("Format: https://www.debian.org/doc/"))
        self.assertIn("# Changelog", gzip.decompress((documents / "changelog.gz").read_bytes()).decode())
        self.assertEqual(UNITS, {unit.name for unit in (prefix / "usr/lib/systemd/system").iterdir()})
        owners = {line.split()[1] for line in output_of("dpkg-deb", "-c", package).splitlines()}
        self.assertEqual(owners, {"root/root"})


class Machine:
    """A copy of the bare system: a folder, entered by chroot in mount and network namespaces of its own."""

    def __init__(self, name):
        self.root = WORK / "run" / name
        subprocess.run(["cp", "-a", "--reflink=auto", self.base(), self.root], check=True)

    @staticmethod
    def base():
        base = WORK / "bookworm"
        ready = WORK / "bookworm.ready"
        if not ready.exists():
            shutil.rmtree(base, ignore_errors=True)
            sources = output_of("apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)").splitlines()
            mirrors = [line.split()[1] for line in sources if line.startswith("bookworm ")]
            made = subprocess.run(["debootstrap", "--variant=minbase", "bookworm", base, *mirrors[:1]],
                                  capture_output=True, text=True, check=False)
            if made.returncode != 0:
                raise AssertionError(f"debootstrap failed:\n{made.stdout[-2000:]}\n{made.stderr[-2000:]}")
            ready.touch()
        return base

    def run(self, *command, online=False, expect=0, **environment):
        """stdout and stderr of the command, which finds no network at all unless `online`."""
        enter = 'mount -t proc proc "$0/proc" && exec chroot "$0" /usr/bin/env -i "$@"'
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/srv", "LANG": "C.UTF-8"} | environment
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", *([] if online else ["--net"]), "sh", "-c", enter, self.root,
             *(f"{name}={value}" for name, value in variables.items()), *command],
            capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != expect:
            raise AssertionError(f"{command}: exit {done.returncode}, not {expect}\n{done.stdout}\n{done.stderr[-4000:]}")
        return done.stdout, done.stderr


def why_no_machine():
    if os.geteuid() != 0:
        return "needs root, for chroot"
    if not shutil.which("debootstrap"):
        return "needs debootstrap"
    if not shutil.which("unshare"):
        return "needs unshare"
    return None


@unittest.skipIf(why_no_machine(), why_no_machine())
class OnABareMachine(unittest.TestCase):
    """Both packages, where nothing was ever built."""

    def check_links(self, machine, prefix, loaded, may_use):
        """Every library of the program, and of those it loads later, is in the package or where `may_use` says."""
        s3, = (machine.root / prefix.lstrip("/") / "lib/assay").glob("libarrow_s3.so.*")
        # As ldd does it, but with the program's own way to look for libraries.
        out, _ = machine.run(f"{prefix}/bin/assay", LD_TRACE_LOADED_OBJECTS="1", LD_PRELOAD=" ".join([*loaded, s3.name]))
        self.assertEqual([line for line in out.splitlines() if "not found" in line], [])
        found = dict(re.findall(r"^\s*(\S+) => (.+) \(0x", out, re.MULTILINE))
        self.assertLessEqual({*loaded, s3.name}, set(found))
        for name, path in found.items():
            inside = os.path.normpath(path).startswith(f"{prefix}/lib/assay/")
            self.assertTrue(inside or may_use(name), f"{name} is taken from {path}")

    def check_models(self, machine, program, heif):
        """A small tower is imported and gives an image its vector; `heif` is what becomes of a HEIF image."""
        folder = machine.root / "srv" / "predict"
        (folder / "pictures").mkdir(parents=True)
        data = ROOT / "tests" / "data"
        output_of(sys.executable, data / "models" / "make_clip.py", folder / "ViT-B-32.safetensors", "--seed", "7")
        shutil.copy(data / "predict" / "g_rgb.png", folder / "pictures" / "1.png")
        shutil.copy(ROOT / "tests" / "fuzz" / "seeds" / "image" / "ramp.heic", folder / "pictures" / "2.heic")

        def here(*words, **more):
            return machine.run("sh", "-c", 'cd /srv/predict && exec "$0" "$@"', program, *words, **more)

        here("models", "import", "clip", "ViT-B-32.safetensors")
        out, _ = here("models", "list")
        self.assertIn("ViT width 64", out)
        out, _ = here("predict", "embed", "pictures", "--output", "vectors.npy", "--json", expect=4 if heif else 0)
        result = json.loads(out)
        self.assertEqual(result["failures"], {heif: 1} if heif else {})
        self.assertEqual(result["shape"], [1 if heif else 2, 512])

    def check_program(self, machine, program):
        """The program as a user would try it."""
        data = machine.root / "srv" / "an export"
        data.mkdir()
        shutil.copy(DATA / "input.parquet", data)
        out, _ = machine.run(program, "version")
        self.assertRegex(out, r"^assay \d+\.\d+\.\d+")
        machine.run(program, "audit", "missing", "--parquet", "/srv/an export/input.parquet", "--output", "/srv/missing.csv")
        self.assertEqual((machine.root / "srv/missing.csv").read_bytes(), (DATA / "expected.csv").read_bytes())
        # The S3 library is found when it is needed, and gets as far as the network, which is not there.
        _, err = machine.run(
            program, "audit", "missing", "--parquet", "s3://bucket/week.parquet", "--output", "/srv/far.csv", expect=1,
            AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret", AWS_REGION="us-east-1",
            AWS_ENDPOINT_URL="http://127.0.0.1:9")
        self.assertRegex(err, r"^assay: open s3://bucket/week.parquet: .*check the network and the endpoint\n$")
        # Our own client too: without a network, and over TLS with an authority of its own.
        shutil.copy(ROOT / "tests" / "data" / "faults" / "cured.parquet", machine.root / "srv")
        verify = (program, "audit", "verify", "--parquet", "/srv/cured.parquet", "--max-tries", "1", "--no-list", "--output")
        _, err = machine.run(*verify, "/srv/offline.csv", expect=1, STORAGE_EMULATOR_HOST="https://storage.invalid")
        self.assertRegex(err, "no answer from the object store: https://storage.invalid: .*check the name and the network\n$")
        self.assertFalse((machine.root / "srv/offline.csv").exists())
        with tls_server(machine.root / "srv") as address:
            out, _ = machine.run(*verify, "/srv/untrusted.csv", expect=4, online=True, STORAGE_EMULATOR_HOST=address)
            self.assertIn("8 unknown", out)
            out, _ = machine.run(*verify, "/srv/trusted.csv", online=True, STORAGE_EMULATOR_HOST=address,
                                 SSL_CERT_FILE="/srv/authority.pem")
            self.assertIn("0 found, 8 missing", out)

    def test_tar_runs_from_any_folder(self):
        machine = Machine("tar machine")
        prefix = unpack_tar(machine.root / "opt" / "some where")
        inside = f"/{prefix.relative_to(machine.root)}"
        self.check_links(machine, inside, LOADED, RUNTIMES.fullmatch)
        self.check_program(machine, f"{inside}/bin/assay")
        self.check_models(machine, f"{inside}/bin/assay", heif=None)
        # Moved, and called through a link.
        prefix.rename(machine.root / "srv" / "moved")
        (machine.root / "usr/local/bin/assay").symlink_to("/srv/moved/bin/assay")
        out, _ = machine.run("assay", "version", PATH="/usr/local/bin:/usr/bin:/bin")
        self.assertTrue(out.startswith("assay "))
        # Incomplete: what does not need the engine still runs, the rest says what is missing.
        (machine.root / "srv/moved/lib/assay/libassay_engine.so").unlink()
        machine.run("assay", "version", PATH="/usr/local/bin:/usr/bin:/bin")
        _, err = machine.run("sh", "-c", "cd /srv/predict && /srv/moved/bin/assay predict embed pictures --output no.npy", expect=7)
        self.assertRegex(err, "libassay_engine.so: cannot open shared object file: .*; install the whole package")

    def test_deb_installs_and_leaves(self):
        machine = Machine("deb machine")
        shutil.copy(the_package("assay_*_amd64.deb"), machine.root / "srv" / "assay.deb")
        for name in ("resolv.conf", "hosts"):
            shutil.copy(f"/etc/{name}", machine.root / "etc" / name)
        online = {name: value for name, value in os.environ.items() if name.lower() in ("http_proxy", "https_proxy", "no_proxy")}
        machine.run("apt-get", "update", "-q", online=True, **online)
        machine.run("apt-get", "install", "-qy", "--no-install-recommends", "/srv/assay.deb", online=True,
                    DEBIAN_FRONTEND="noninteractive", **online)
        # Without what it only recommends, libheif.
        self.check_links(machine, "/usr", [name for name in LOADED if name != "libheif.so.1"],
                         lambda name: not re.match("lib(arrow|assay|parquet|openvino|tbb)", name))
        self.check_program(machine, "assay")
        self.check_models(machine, "assay", heif="missing_library")
        machine.run("apt-get", "remove", "-qy", "assay")
        for path in ("usr/bin/assay", "usr/lib/assay", "usr/share/doc/assay"):
            self.assertFalse((machine.root / path).exists(), path)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    for test, reason in result.skipped:
        print(f"skipped {test}: {reason}")
    if result.wasSuccessful() and result.skipped:
        sys.exit(SKIPPED)
    sys.exit(0 if result.wasSuccessful() else 1)
