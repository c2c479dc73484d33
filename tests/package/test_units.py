"""The systemd units: well-formed, hardened, and of commands and flags that the program has."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = Path(os.environ.get("ASSAY_PROGRAM", ""))
PACKAGE = Path(__file__).resolve().parents[2] / "cmake" / "package"
UNITS = PACKAGE / "systemd"
PM2 = PACKAGE / "pm2" / "ecosystem.config.js"
SERVICES = sorted(UNITS.glob("*.service"))
HARDENED = {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
            "PrivateDevices": "yes", "CapabilityBoundingSet": "", "RestrictSUIDSGID": "yes"}


def settings(unit):
    """{section: [(name, value)]} of a unit; a line of any other form is an error."""
    sections, current = {}, None
    for number, line in enumerate(unit.read_text().replace("\\\n", " ").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if match := re.fullmatch(r"\[([A-Z][a-z]+)\]", line):
            current = sections.setdefault(match[1], [])
        elif (match := re.fullmatch(r"([A-Z][A-Za-z]*)=(.*)", line)) and current is not None:
            current.append((match[1], match[2]))
        else:
            raise ValueError(f"{unit.name}, line {number}: no section, setting or comment: {line}")
    return sections


class Units(unittest.TestCase):
    def test_each_timer_has_its_service_and_an_install_section(self):
        timers = sorted(UNITS.glob("*.timer"))
        self.assertEqual(2, len(timers))
        for timer in timers:
            sections = settings(timer)
            self.assertEqual({"Unit", "Timer", "Install"}, set(sections), timer.name)
            self.assertIn(("Persistent", "yes"), sections["Timer"], timer.name)
            self.assertTrue(timer.with_suffix(".service").is_file(), timer.name)

    def test_services_are_hardened(self):
        self.assertEqual(7, len(SERVICES))
        for service in SERVICES:
            found = dict(settings(service)["Service"])
            for name, value in HARDENED.items():
                self.assertEqual(value, found.get(name), f"{service.name}: {name}")

    def test_the_program_has_the_commands_and_flags(self):
        for service in SERVICES:
            command = dict(settings(service)["Service"])["ExecStart"].split()
            self.assertEqual("/usr/bin/assay", command[0])
            verbs = [word for word in command[1:3] if not word.startswith(("-", "$"))]
            shown = subprocess.run([PROGRAM, *verbs, "--help"], capture_output=True, text=True)
            self.assertEqual(0, shown.returncode, f"{service.name}: {verbs}\n{shown.stderr}")
            for flag in (word for word in command if word.startswith("--")):
                self.assertRegex(shown.stdout, re.escape(flag) + r"\b", service.name)

    def test_the_program_takes_their_environment(self):
        # An ASSAY_ variable that is no setting is an error of every command.
        for service in SERVICES:
            variables = [pair for name, text in settings(service)["Service"] if name == "Environment" for pair in text.split()]
            environment = dict(pair.split("=", 1) for pair in variables)
            done = subprocess.run([PROGRAM, "version"], capture_output=True, text=True, env=environment)
            self.assertEqual(0, done.returncode, f"{service.name}: {done.stderr}")

    def test_what_a_command_line_names_is_set_somewhere(self):
        given_by_the_file = {"BACKUP_TO", "SUBTENSOR_NETWORK", "NETUID", "WALLET_NAME", "DETECTOR"}
        for service in SERVICES:
            found = settings(service)["Service"]
            names = set(re.findall(r"\$\{(\w+)\}", dict(found)["ExecStart"]))
            given = {pair.split("=")[0] for name, text in found if name == "Environment" for pair in text.split()}
            self.assertLessEqual(names, given | given_by_the_file, service.name)

    @unittest.skipUnless(shutil.which("node"), "there is no node")
    def test_pm2_gets_commands_and_flags_that_the_program_has(self):
        script = "console.log(JSON.stringify(require(process.argv[1]).apps))"
        told = subprocess.run(["node", "-e", script, PM2], capture_output=True, text=True, check=True).stdout
        apps = json.loads(told)
        self.assertEqual({service.stem for service in SERVICES if "history" not in service.stem} - {"assay-serve"},
                         {app["name"] for app in apps})
        for app in apps:
            self.assertEqual("none", app["interpreter"])
            shown = subprocess.run([PROGRAM, *app["args"][:2], "--help"], capture_output=True, text=True)
            self.assertEqual(0, shown.returncode, app["name"])
            for flag in (word for word in app["args"] if word.startswith("--")):
                self.assertRegex(shown.stdout, re.escape(flag) + r"\b", app["name"])

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")
    def test_systemd_takes_them(self):
        with tempfile.TemporaryDirectory() as folder:
            copies = []
            for unit in sorted(UNITS.iterdir()):
                copy = Path(folder) / unit.name
                copy.write_text(unit.read_text().replace("/usr/bin/assay", str(PROGRAM)))
                copies.append(copy)
            # Without a bus or /run/systemd it still reads the files; what it says is of these alone.
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", *copies], capture_output=True, text=True)
            said = [line for line in done.stderr.splitlines() if "assay" in line]
            self.assertEqual([], said)
            self.assertEqual(0, done.returncode, done.stderr)


if __name__ == "__main__":
    if not PROGRAM.is_file():
        sys.exit("ASSAY_PROGRAM must name the program")
    unittest.main()
