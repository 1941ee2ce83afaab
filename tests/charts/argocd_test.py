"""What Argo CD is told about a RedisHA, in its own language: deploy/argocd/*.lua against testdata/cases.yaml, with Lua 5.1."""
import glob
import json
import os
import shutil
import subprocess
import unittest

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, "deploy", "argocd")

# Runs the script with `obj` set and prints what it returns as JSON.
HARNESS = """
local function show(value)
  if type(value) ~= "table" then
    return type(value) == "string" and string.format("%q", value) or tostring(value)
  end
  local parts = {}
  for key, inner in pairs(value) do
    parts[#parts + 1] = (type(key) == "number" and "" or string.format("%q:", key)) .. show(inner)
  end
  local list = #value > 0
  return (list and "[" or "{") .. table.concat(parts, ",") .. (list and "]" or "}")
end
obj = OBJECT
print(show(dofile(arg[1])))
"""


def lua_literal(value):
    if isinstance(value, dict):
        return "{" + ",".join(f"[{json.dumps(key)}]={lua_literal(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ",".join(lua_literal(inner) for inner in value) + "}"
    return json.dumps(value)


@unittest.skipUnless(shutil.which("lua5.1"), "no lua5.1 in PATH: apt-get install lua5.1")
class ArgoCd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(FOLDER, "testdata", "cases.yaml"), encoding="utf-8") as file:
            cls.cases = yaml.safe_load(file)

    def lua(self, script, obj):
        program = HARNESS.replace("OBJECT", lua_literal(obj))
        result = subprocess.run(["lua5.1", "-", os.path.join(FOLDER, script)], input=program, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_health(self):
        for case in self.cases:
            with self.subTest(case["name"]):
                self.assertEqual(self.lua("health.lua", case["object"]), case["health"])

    def test_each_action_that_is_offered_exists(self):
        offered = self.lua("actions/discovery.lua", {"spec": {}})
        scripts = {os.path.basename(path)[:-4] for path in glob.glob(os.path.join(FOLDER, "actions", "*.lua"))}
        self.assertEqual(set(offered), scripts - {"discovery"})

    def test_actions_change_the_one_field_they_are_about(self):
        for case in self.cases:
            spec = case["object"]["spec"]
            with self.subTest(case["name"]):
                followed = self.lua("actions/follow-operator-image.lua", case["object"])
                self.assertEqual(followed["spec"]["update"]["image"], "Follow")
                pinned = self.lua("actions/pin-image.lua", followed)
                self.assertEqual(pinned["spec"], {**spec, "update": {"image": "Pinned"}})
                restarted = self.lua("actions/restart.lua", case["object"])
                annotations = restarted["spec"]["podTemplate"]["metadata"]["annotations"]
                self.assertRegex(annotations["ha.redisha.io/restarted-at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


class Examples(unittest.TestCase):
    def test_paths_and_values_exist(self):
        for path in glob.glob(os.path.join(ROOT, "examples", "argocd", "*.yaml")) + glob.glob(os.path.join(ROOT, "examples", "flux", "*.yaml")):
            with open(path, encoding="utf-8") as file:
                for document in yaml.safe_load_all(file):
                    spec = document["spec"]
                    source = spec.get("source", {}).get("path") or spec.get("chart", {}).get("spec", {}).get("chart")
                    if source:
                        self.assertTrue(os.path.isdir(os.path.join(ROOT, source)), f"{path}: {source}")


if __name__ == "__main__":
    unittest.main()
