"""The Helm charts: their generated parts, their renderings (golden/*.expected.yaml), what they refuse, and the alerts.

  RHA_HELM      helm programs to test with, separated by ':'; what of helm3, helm4, helm is in PATH when unset
  RHA_REWRITE   1: write golden/*.expected.yaml anew
"""
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

from tests.support import public_dashboards

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHARTS = os.path.join(ROOT, "charts")
ALERTS = os.path.join(CHARTS, "redisha-operator", "files", "alerts.yaml")
MONITORING = "monitoring.coreos.com/v1"
METRIC_SOURCES = ("sidecar/shell/*.cc", "operator/app/*.cc", "common/metrics/*.cc")
METRICS_OF_OTHERS = {"kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes"}
WORDS_OF_PROMQL = {"by", "on", "or", "and", "count", "min", "max", "sum", "rate", "increase", "floor", "absent", "group",
                   "group_left", "group_right", "label_replace"}


def helms():
    named = os.environ.get("RHA_HELM")
    found = named.split(":") if named else [shutil.which(name) for name in ("helm3", "helm4", "helm")]
    return [helm for helm in found if helm]


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, cwd=ROOT, **options)


def render(helm, chart, *words):
    return run(helm, "template", "shop", os.path.join(CHARTS, chart), "--namespace", "store", "--api-versions", MONITORING, *words)


def documents(text):
    """The objects by kind and name: Helm's versions order and space them differently."""
    objects = [document for document in yaml.safe_load_all(text) if document]
    return sorted(objects, key=lambda o: (o["kind"], o["metadata"]["name"]))


class GeneratedParts(unittest.TestCase):
    def test_follow_their_sources(self):
        checked = run("tools/charts.py", "--check")
        self.assertEqual(checked.returncode, 0, checked.stdout)

    def test_the_crd_is_small_enough_for_kubectl_apply(self):
        self.assertLess(os.path.getsize(os.path.join(ROOT, "crds", "redisha.yaml")), 200 * 1024)


@unittest.skipUnless(helms(), "no helm in PATH: go install helm.sh/helm/v3/cmd/helm@latest")
class Renderings(unittest.TestCase):
    maxDiff = None

    def each(self, chart="*"):
        for helm in helms():
            for values in sorted(glob.glob(os.path.join(CHARTS, chart, "golden", "*.values.yaml"))):
                with self.subTest(helm=helm, values=os.path.relpath(values, CHARTS)):
                    yield helm, values

    def test_charts_lint(self):
        for helm in helms():
            for chart in ("redisha-operator", "redisha"):
                linted = run(helm, "lint", "--strict", os.path.join(CHARTS, chart))
                self.assertEqual(linted.returncode, 0, linted.stdout + linted.stderr)

    def test_are_as_reviewed(self):
        for helm, values in self.each():
            chart = os.path.basename(os.path.dirname(os.path.dirname(values)))
            rendered = render(helm, chart, "--values", values)
            self.assertEqual(rendered.returncode, 0, rendered.stderr)
            golden = values.replace(".values.", ".expected.")
            # The CRD and the alerts are copies of files that are reviewed themselves.
            objects = [o for o in documents(rendered.stdout) if o["kind"] != "CustomResourceDefinition"]
            for document in objects:
                if document["kind"] == "PrometheusRule":
                    document["spec"] = "as in files/alerts.yaml"
                if document["kind"] == "ConfigMap":
                    document["data"] = sorted(document["data"])
            text = yaml.safe_dump_all(objects, sort_keys=True)
            if os.environ.get("RHA_REWRITE"):
                with open(golden, "w", encoding="utf-8") as file:
                    file.write(text)
            with open(golden, encoding="utf-8") as file:
                self.assertEqual(text, file.read())

    def test_the_crd_arrives_unchanged_and_is_kept(self):
        with open(os.path.join(ROOT, "crds", "redisha.yaml"), encoding="utf-8") as file:
            source = yaml.safe_load(file)
        for helm in helms():
            crd, = [o for o in documents(render(helm, "redisha-operator").stdout) if o["kind"] == "CustomResourceDefinition"]
            self.assertEqual(crd["spec"], source["spec"])
            self.assertEqual(crd["metadata"]["annotations"]["helm.sh/resource-policy"], "keep")

    def test_alerts_arrive_unchanged(self):
        with open(ALERTS, encoding="utf-8") as file:
            source = yaml.safe_load(file)
        for helm in helms():
            rendered = render(helm, "redisha-operator", "--set", "metrics.prometheusRule.enabled=true").stdout
            rule, = [o for o in documents(rendered) if o["kind"] == "PrometheusRule"]
            self.assertEqual(rule["spec"], source)

    def test_dashboards_arrive_unchanged(self):
        for helm in helms():
            rendered = render(helm, "redisha-operator", "--set", "metrics.grafanaDashboards.enabled=true").stdout
            data = {name: text for o in documents(rendered) if o["kind"] == "ConfigMap" for name, text in o["data"].items()}
            for path in glob.glob(os.path.join(CHARTS, "redisha-operator", "dashboards", "*.json")):
                with open(path, encoding="utf-8") as file:
                    self.assertEqual(data[os.path.basename(path)], file.read())

    def test_a_spec_is_valid_against_the_crd(self):
        with open(os.path.join(ROOT, "crds", "redisha.yaml"), encoding="utf-8") as file:
            fields = yaml.safe_load(file)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        for golden in glob.glob(os.path.join(CHARTS, "redisha", "golden", "*.expected.yaml")):
            with open(golden, encoding="utf-8") as file:
                spec, = [o["spec"] for o in yaml.safe_load_all(file) if o["kind"] == "RedisHA"]
            self.check_fields(spec, fields, os.path.basename(golden))

    def persistence(self, configuration, *settings):
        words = [word for setting in settings for word in ("--set", setting)]
        found = []
        for helm in helms():
            rendered = render(helm, "redisha", "--set-json", "commonConfiguration=" + json.dumps(configuration), *words)
            self.assertEqual(rendered.returncode, 0, rendered.stderr)
            spec, = [o["spec"] for o in documents(rendered.stdout) if o["kind"] == "RedisHA"]
            found.append(spec.get("persistence", {}))
        self.assertEqual(found, found[:1] * len(found))
        return found[0]

    def test_persistence_is_what_redis_conf_asks_for(self):
        scratch = "master.persistence.enabled=false"
        self.assertEqual(self.persistence("maxmemory 1gb"), {}, "the resource's own default")
        self.assertEqual(self.persistence("appendonly no\nappendfsync always"), {"mode": "RDB"})
        self.assertEqual(self.persistence("appendonly no", scratch), {"mode": "None"})
        self.assertEqual(self.persistence("save 60 1\nauto-aof-rewrite-percentage 50"), {"mode": "RDB", "snapshotSeconds": 60})
        self.assertEqual(self.persistence("appendonly yes\nauto-aof-rewrite-percentage 0"), {"mode": "AOF", "rewritePercent": 0})
        self.assertEqual(self.persistence("appendfsync always\nauto-aof-rewrite-percentage 50"), {"fsync": "Always", "rewritePercent": 50})
        self.assertEqual(self.persistence("appendfsync always", "spec.storage.type=EmptyDir"), {})
        self.assertEqual(self.persistence("", "spec.persistence.rewritePercent=50", scratch), {"mode": "None", "rewritePercent": 50},
                         "what the resource refuses, it is asked for in its own words")

    def check_fields(self, value, schema, where):
        if not isinstance(value, dict) or "properties" not in schema:
            return
        for key, inner in value.items():
            self.assertIn(key, schema["properties"], f"{where}: the resource has no such field")
            self.check_fields(inner, schema["properties"][key], f"{where}.{key}")


@unittest.skipUnless(helms(), "no helm in PATH: go install helm.sh/helm/v3/cmd/helm@latest")
class Refusals(unittest.TestCase):
    def refused(self, message, *settings):
        for helm in helms():
            words = [word for setting in settings for word in ("--set", setting)]
            rendered = render(helm, "redisha", *words)
            self.assertNotEqual(rendered.returncode, 0, rendered.stdout)
            self.assertIn(message, rendered.stderr)

    def test_what_does_not_map_names_the_field_to_use(self):
        self.refused("master.service is not taken: the Services are the operator's", "master.service.type=LoadBalancer")
        self.refused("existingConfigmap is not taken: put the settings into commonConfiguration", "existingConfigmap=mine")
        self.refused("tls is not taken", "tls.enabled=true")
        self.refused("replica.autoscaling is not taken", "replica.autoscaling.enabled=true")

    def test_an_unknown_value_is_named(self):
        self.refused("replica.replicas is not a value of this chart", "replica.replicas=3")
        self.refused("sentinell is not a value of this chart", "sentinell.quorum=2")

    def test_a_wrong_type_is_named(self):
        self.refused("replicaCount", "replica.replicaCount=three")
        self.refused("enabled", "auth.enabled=perhaps")

    def test_two_pods_are_refused_before_they_are_asked_for(self):
        self.refused("replica.replicaCount makes 2 pods: one, or three and more", "replica.replicaCount=2")
        self.refused("replica.replicaCount makes 2 pods", "replica.replicaCount=1", "sentinel.enabled=false")

    def test_primary_and_replicas_are_the_same_pods(self):
        self.refused("master.persistence.size and replica.persistence.size differ", "master.persistence.size=1Gi", "replica.persistence.size=2Gi")
        self.refused("master.resources and replica.resources differ", "master.resources.limits.memory=1Gi", "replica.resources.limits.memory=2Gi")

    def test_each_pod_is_scraped_once(self):
        self.refused("metrics.serviceMonitor and metrics.podMonitor may not both be enabled", "metrics.serviceMonitor.enabled=true",
                     "metrics.podMonitor.enabled=true")
        self.refused("metrics.prometheusRule.rules is not taken", "metrics.prometheusRule.rules[0].alert=Mine")

    def test_a_policy_that_does_not_exist_is_refused(self):
        self.refused("appendfsync is one of everysec, always, no", "commonConfiguration=appendfsync sometimes")
        self.refused("appendonly is yes or no; it is 'perhaps'", "commonConfiguration=appendonly perhaps")
        self.refused("auto-aof-rewrite-percentage is a whole number; it is '50%'", "commonConfiguration=auto-aof-rewrite-percentage 50%")

    def test_what_the_operator_sets_is_refused(self):
        self.refused("commonConfiguration: requirepass is set by the operator", "commonConfiguration=requirepass secret")

    def test_a_chart_around_it_needs_only_another_dependency(self):
        for helm in helms():
            with tempfile.TemporaryDirectory() as folder:
                wrapper = shutil.copytree(os.path.join(ROOT, "examples", "argocd", "wrapper"), os.path.join(folder, "wrapper"))
                with open(os.path.join(wrapper, "Chart.yaml"), "r+", encoding="utf-8") as file:
                    text = file.read().replace("file://../../../charts", "file://" + CHARTS)
                    file.seek(0)
                    file.write(text)
                built = run(helm, "dependency", "build", wrapper)
                self.assertEqual(built.returncode, 0, built.stderr)
                rendered = run(helm, "template", "shop", wrapper, "--no-hooks")
                self.assertEqual(rendered.returncode, 0, rendered.stderr)
                resource, = documents(rendered.stdout)
                self.assertEqual(resource["metadata"]["name"], "shop-redis")
                self.assertEqual(resource["spec"]["config"], {"maxmemory": "256mb", "maxmemory-policy": "allkeys-lru"})


def kustomizes():
    """What kubectl has built in before 1.21 (Debian 12 has 1.20) takes no folder for a resource."""
    if not shutil.which("kubectl"):
        return False
    version = json.loads(run("kubectl", "version", "--client", "-o", "json").stdout)["clientVersion"]
    return (int(version["major"]), int(re.match(r"\d+", version["minor"])[0])) >= (1, 21)


@unittest.skipUnless(kustomizes(), "no kubectl 1.21 or newer in PATH")
class Kustomizations(unittest.TestCase):
    def objects(self, folder):
        built = run("kubectl", "kustomize", folder)
        self.assertEqual(built.returncode, 0, built.stderr)
        return {(o["kind"], o["metadata"]["name"]): o for o in yaml.safe_load_all(built.stdout)}

    def test_the_base_is_the_manifests(self):
        kinds = {kind for kind, _ in self.objects("deploy")}
        self.assertLessEqual({"CustomResourceDefinition", "Deployment", "ClusterRole"}, kinds)

    def test_one_namespace(self):
        objects = self.objects("examples/kustomize/one-namespace")
        arguments = objects["Deployment", "redisha-operator"]["spec"]["template"]["spec"]["containers"][0]["args"]
        self.assertIn("--namespace=team", arguments)
        self.assertFalse([name for kind, name in objects if kind == "ClusterRoleBinding"])

    def test_two_operators(self):
        objects = self.objects("examples/kustomize/two-operators")
        self.assertEqual(objects["Deployment", "redisha-operator"]["spec"]["replicas"], 2)
        self.assertIn(("PodDisruptionBudget", "redisha-operator"), objects)


@unittest.skipUnless(shutil.which("promtool"), "no promtool in PATH: apt-get install prometheus")
class Alerts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(ALERTS, encoding="utf-8") as file:
            cls.rules = [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]]

    def test_promtool_finds_nothing(self):
        for words in (("check", "rules", ALERTS), ("test", "rules", os.path.join(ROOT, "tests", "charts", "alerts_test.yaml"))):
            result = run("promtool", *words)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_the_rules_of_one_redisha_fire_and_are_silent_as_those_for_all(self):
        with open(os.path.join(ROOT, "operator", "desired", "alert_rules.inc"), encoding="utf-8") as file:
            text = file.read().removeprefix('R"json(').rstrip().removesuffix(')json"')
        rules = json.loads(text.replace("@NAMESPACE@", "shop").replace("@NAME@", "cart"))
        alerts = {rule["alert"] for rule in rules}
        self.assertEqual({rule["alert"] for rule in self.rules} - alerts, {"RedisHAReconcileErrors", "RedisHAOperatorDown"})
        with open(os.path.join(ROOT, "tests", "charts", "alerts_test.yaml"), encoding="utf-8") as file:
            tests = yaml.safe_load(file)
        tests["tests"] = [test for test in tests["tests"] if test["name"].split()[0] in alerts]
        tests["rule_files"] = ["rules.yaml"]
        with tempfile.TemporaryDirectory() as folder:
            for name, content in (("rules.yaml", {"groups": [{"name": "redisha", "rules": rules}]}), ("test.yaml", tests)):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    yaml.safe_dump(content, file)
            result = run("promtool", "test", "rules", os.path.join(folder, "test.yaml"))
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_each_alert_is_tested_firing_and_silent(self):
        with open(os.path.join(ROOT, "tests", "charts", "alerts_test.yaml"), encoding="utf-8") as file:
            tests = {test["name"] for test in yaml.safe_load(file)["tests"]}
        self.assertEqual(tests, {f"{rule['alert']} {what}" for rule in self.rules for what in ("fires", "is silent")})

    def test_each_alert_has_a_runbook(self):
        for rule in self.rules:
            self.assertTrue(rule["annotations"]["runbook_url"].endswith(f"/docs/runbooks/{rule['alert']}.md"))
        pages = {os.path.basename(path) for path in glob.glob(os.path.join(ROOT, "docs", "runbooks", "*.md"))}
        self.assertEqual(pages, {f"{rule['alert']}.md" for rule in self.rules})

    def test_each_metric_is_one_we_export(self):
        exported = ""
        for pattern in METRIC_SOURCES:
            for path in glob.glob(os.path.join(ROOT, pattern)):
                with open(path, encoding="utf-8") as file:
                    exported += file.read()
        for rule in self.rules:
            expression = re.sub(r'"[^"]*"', "", rule["expr"])
            expression = re.sub(r"\{[^}]*\}|\b(by|on|group_left|group_right) \([^)]*\)", "", expression)
            for name in set(re.findall(r"[a-z_]{4,}", expression)) - WORDS_OF_PROMQL - METRICS_OF_OTHERS:
                self.assertTrue(f'"{name}"' in exported, f"{rule['alert']} asks for {name}, which no program exports")


class Dashboards(unittest.TestCase):
    """That docs/metrics.md has what the programs export, and no more, is shown on a cluster (tests/e2e/metrics_test.py)."""

    @classmethod
    def setUpClass(cls):
        with open(os.path.join(ROOT, "docs", "metrics.md"), encoding="utf-8") as file:
            cls.exported = set(re.findall(r"^\| `(\w+)", file.read(), re.MULTILINE))
        cls.texts = {}
        for path in glob.glob(os.path.join(CHARTS, "redisha-operator", "dashboards", "*.json")):
            with open(path, encoding="utf-8") as file:
                cls.texts[os.path.basename(path)] = json.load(file)

    def names_in(self, value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in ("expr", "query") and isinstance(inner, str):
                    yield from re.findall(r"\b(?:redis|redisha|controller_runtime|workqueue|rest_client|leader|process)_\w+", inner)
                else:
                    yield from self.names_in(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from self.names_in(inner)

    def test_every_metric_is_one_that_is_exported(self):
        self.assertEqual(set(self.texts), {"fleet.json", "redisha.json", "operator.json"})
        for name, dashboard in self.texts.items():
            asked = {re.sub(r"_(bucket|sum|count)$", "", metric) for metric in self.names_in(dashboard)}
            self.assertTrue(asked, name)
            self.assertEqual(asked - self.exported, set(), name)

    def test_public_dashboards_get_data(self):
        for number, queries in public_dashboards.QUERIES.items():
            self.assertEqual(set(re.findall(r"\bredis_\w+", " ".join(queries))) - self.exported, set(), number)

    @unittest.skipUnless(shutil.which("promtool"), "no promtool in PATH: apt-get install prometheus")
    def test_every_expression_is_promql(self):
        rules = [{"record": "x", "expr": target["expr"].replace("$", "")} for dashboard in self.texts.values()
                 for panel in dashboard["panels"] for target in panel["targets"]]
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump({"groups": [{"name": f"g{i}", "rules": [rule]} for i, rule in enumerate(rules)]}, file)
            file.flush()
            checked = run("promtool", "check", "rules", "--lint=none", file.name)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


if __name__ == "__main__":
    unittest.main()
