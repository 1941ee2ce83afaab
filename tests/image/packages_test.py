"""What scripts/runtime-packages.txt installs is what the programs are linked with; and the bill of materials is valid."""
import json
import os
import re
import subprocess
import tempfile
import unittest

from tests.image.builder import ROOT, programs

# In every Debian system (Essential, or needed by something that is).
ALWAYS_THERE = {"libc6", "libgcc-s1"}
NOT_LINKED = {"ca-certificates", "redis-tools"}


def output(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def listed():
    with open(os.path.join(ROOT, "scripts", "runtime-packages.txt"), encoding="utf-8") as file:
        return [line for line in file.read().splitlines() if line and not line.startswith("#")]


def linked_packages(program):
    needed = set(re.findall(r"NEEDED\s+(\S+)", output("objdump", "-p", program)))
    for name, path in re.findall(r"(\S+) (?:=> )?(/\S+)? ?\(0x", output("ldd", program)):
        if os.path.basename(name) in needed:
            # dpkg knows a file by the path it was shipped under: /lib may be a link to /usr/lib by now.
            path = path or name
            shipped = {path, path.removeprefix("/usr"), "/usr" + path}
            found = subprocess.run(["dpkg", "-S", *shipped], capture_output=True, text=True).stdout
            yield from {line.split(":")[0] for line in found.splitlines()}


class RuntimePackages(unittest.TestCase):
    def test_they_are_what_the_programs_are_linked_with(self):
        linked = {package for program in programs() for package in linked_packages(program)}
        self.assertEqual(set(listed()) - NOT_LINKED, linked - ALWAYS_THERE)

    def test_each_is_listed_once(self):
        self.assertEqual(len(listed()), len(set(listed())))


class BillOfMaterials(unittest.TestCase):
    def test_it_is_spdx(self):
        script = os.path.join(ROOT, "scripts", "sbom")
        with tempfile.NamedTemporaryFile("w") as linked:
            linked.write(output(script, "linked"))
            linked.flush()
            environment = {**os.environ, "SOURCE_DATE_EPOCH": "0"}
            made = subprocess.run([script, "image", linked.name, "1.2.3", *programs()], check=True, capture_output=True, env=environment)
        bill = json.loads(made.stdout)
        self.assertEqual((bill["spdxVersion"], bill["creationInfo"]["created"]), ("SPDX-2.3", "1970-01-01T00:00:00Z"))
        ids = [p["SPDXID"] for p in bill["packages"]]
        self.assertEqual(len(ids), len(set(ids)))
        for relation in bill["relationships"]:
            self.assertIn(relation["relatedSpdxElement"], ids)
        for package in bill["packages"]:
            self.assertRegex(package["SPDXID"], r"^SPDXRef-[A-Za-z0-9.-]+$")
            for reference in package.get("externalRefs", []):
                self.assertRegex(reference["referenceLocator"], r"^pkg:deb/debian/[a-z0-9.%B-]+@[A-Za-z0-9.%+-]+\?arch=[a-z0-9]+&distro=debian-12$")


if __name__ == "__main__":
    unittest.main()
