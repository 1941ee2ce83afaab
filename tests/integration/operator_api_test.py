#!/usr/bin/env python3
"""The operator against a real API server: CRD, children, status, permissions, at rest.

Runs with the permissions of deploy/operator.yaml and nothing more. Skipped, with the reason, where
no control plane can be started (control_plane.py).
"""

import glob
import json
import os
import subprocess
import tempfile
import time
import unittest
import urllib.request

import control_plane

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN_DIR = os.environ.get("RHA_BIN_DIR", os.path.join(REPO, "build/dev/bin"))
KINDS = "statefulsets,services,configmaps,poddisruptionbudgets,serviceaccounts,roles,rolebindings,networkpolicies"
MANAGED = "app.kubernetes.io/managed-by=redisha-operator"
ROLE_LABEL = "ha.redisha.io/role"
VOTERS = "ha.redisha.io/voters"

MONITORING_KINDS = {"servicemonitors": "ServiceMonitor", "podmonitors": "PodMonitor", "prometheusrules": "PrometheusRule"}

CLUSTER = control_plane.ControlPlane()


def monitoring_crd(plural, kind):
    """Of the Prometheus Operator, as far as an API server has to know of it."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.monitoring.coreos.com"},
            "spec": {"group": "monitoring.coreos.com", "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]}}


def setUpModule():
    reason = control_plane.missing()
    if reason:
        print(f"SKIPPED: no real control plane: {reason}", flush=True)
        raise unittest.SkipTest(reason)
    unittest.addModuleCleanup(CLUSTER.stop)  # also if the rest of this fails
    CLUSTER.start()
    CLUSTER.kubectl("apply", "-f", f"{REPO}/crds/redisha.yaml")
    # kubectl gives up at once on an object that has no conditions yet.
    CLUSTER.wait("the resource to be served", lambda: CLUSTER.try_kubectl(
        "wait", "--for=condition=Established", "crd/redishas.ha.redisha.io"), 30)
    CLUSTER.kubectl("apply", "-f", f"{REPO}/deploy/operator.yaml")


class Operator:
    """redisha-operator as its Deployment would run it, with its service account's token."""

    def __init__(self, *flags):
        token = CLUSTER.kubectl("create", "token", "redisha-operator", "-n",
                                "redisha-system").stdout.strip()
        pods = CLUSTER.wait("the operator's pod", lambda: CLUSTER.get(
            "pods", "-n", "redisha-system", "-l", "app.kubernetes.io/name=redisha-operator")["items"])
        self.ports = [control_plane.free_port_base(21300, 2) + i for i in range(2)]
        environment = dict(os.environ, POD_NAME=pods[0]["metadata"]["name"],
                           POD_NAMESPACE="redisha-system")
        environment.pop("KUBECONFIG", None)
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [os.path.join(BIN_DIR, "redisha-operator"), "--kubeconfig",
             CLUSTER.write_kubeconfig("operator", token), "--bind-address", "127.0.0.1",
             "--metrics-port", str(self.ports[0]), "--health-port", str(self.ports[1]), *flags],
            env=environment, stdout=self.log, stderr=self.log)
        CLUSTER.wait("the operator to be ready", self.ready)

    def fetch(self, port, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.read().decode()

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the operator ended: {self.text()}")
        try:
            return "ok" in self.fetch(self.ports[1], "/readyz")
        except OSError:
            return False

    def metrics(self):
        return self.fetch(self.ports[0], "/metrics")

    def requests(self):
        """Counts of all requests but those of the lease (GET and PUT)."""
        return [line for line in self.metrics().splitlines()
                if line.startswith("rest_client_requests_total") and 'method="P' in line
                and 'method="PUT"' not in line]

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        """Ends it as the kubelet does; returns exit code and seconds."""
        began = time.monotonic()
        self.process.terminate()
        code = self.process.wait(15)
        self.output = self.text()
        self.log.close()
        return code, time.monotonic() - began


def redisha(name, spec=None):
    return json.dumps({"apiVersion": "ha.redisha.io/v1", "kind": "RedisHA",
                       "metadata": {"name": name, "namespace": "default"}, "spec": spec or {}})


def apply(name, spec=None):
    CLUSTER.kubectl("apply", "-f", "-", stdin=redisha(name, spec))


def status(name):
    return CLUSTER.get("redisha", name, "-n", "default").get("status", {})


def condition(name, kind):
    for entry in status(name).get("conditions", []):
        if entry["type"] == kind:
            return entry
    return {}


def versions(name):
    items = CLUSTER.get(KINDS, "-n", "default", "-l", f"{MANAGED},app.kubernetes.io/instance={name}")
    found = {f'{i["kind"]}/{i["metadata"]["name"]}': i["metadata"]["resourceVersion"]
             for i in items["items"]}
    found["RedisHA"] = CLUSTER.get("redisha", name, "-n", "default")["metadata"]["resourceVersion"]
    return found


def events(name):
    items = CLUSTER.get("events", "-n", "default", "--field-selector",
                        f"involvedObject.kind=RedisHA,involvedObject.name={name}")["items"]
    return [i["reason"] for i in items]


def pretend_pod(name, index, role):
    """Without nodes nobody runs the pods: writes the status and label that kubelet and sentinel
    would. P, R: ready primary, replica; p, r: not ready."""
    pod = f"{name}-{index}"
    ready = "True" if role.isupper() else "False"
    containers = [{"name": c, "ready": ready == "True", "restartCount": 0, "image": "i",
                   "imageID": "i", "state": {"running": {}}} for c in ("node", "sentinel")]
    patch = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}],
                        "containerStatuses": containers}}
    label = {"P": "primary", "R": "replica"}[role.upper()]
    # The pod may just be replaced: whoever waits calls again.
    CLUSTER.kubectl("label", "pod", pod, "-n", "default", "--overwrite", f"{ROLE_LABEL}={label}",
                    check=False)
    CLUSTER.kubectl("patch", "pod", pod, "-n", "default", "--subresource=status", "--type=merge",
                    "-p", json.dumps(patch), check=False)


def pretend_running(name, roles):
    CLUSTER.wait(f"{len(roles)} pods", lambda: len(pods_of(name)) == len(roles))
    for i, role in enumerate(roles):
        pretend_pod(name, i, role)


def keep_running(name):
    """Pretends for every pod that is not ready yet, and that sentinels take changed voters over."""
    voters = CLUSTER.get("statefulset", name, "-n", "default")["metadata"]["annotations"][VOTERS]
    for pod in pods_of(name):
        if pod["metadata"].get("annotations", {}).get(VOTERS) != voters:
            CLUSTER.kubectl("annotate", "pod", pod["metadata"]["name"], "-n", "default",
                            "--overwrite", f"{VOTERS}={voters}", check=False)
        conditions = pod.get("status", {}).get("conditions", [])
        if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
            continue
        index = int(pod["metadata"]["name"].rsplit("-", 1)[1])
        pretend_pod(name, index, "P" if index == 0 else "R")


def pods_of(name):
    return CLUSTER.get("pods", "-n", "default", "-l",
                       f"app.kubernetes.io/instance={name}")["items"]


class CrdTest(unittest.TestCase):
    def refused(self, spec, *words, name="refused"):
        result = CLUSTER.kubectl("create", "--dry-run=server", "-f", "-", check=False,
                                 stdin=redisha(name, spec))
        self.assertNotEqual(result.returncode, 0, f"{spec} was accepted")
        for word in words:
            self.assertIn(word, result.stderr)

    def test_invalid_specs_are_refused_and_the_field_is_named(self):
        self.refused({"replicas": 2}, "spec.replicas", "at least 3")
        self.refused({"replicas": 99}, "spec.replicas")
        self.refused({"replicas": "three"}, "spec.replicas")
        self.refused({"sentinel": {"quorum": 1}}, "spec.sentinel.quorum", "majority")
        self.refused({"sentinel": {"downAfterMilliseconds": 1}},
                     "spec.sentinel.downAfterMilliseconds")
        self.refused({"config": {"port": "1"}}, "spec.config")
        self.refused({"config": {"hz": "10\nport 1"}}, "spec.config", "one line")
        self.refused({"storage": {"size": "much"}}, "spec.storage.size")
        self.refused({"persistence": {"mode": "Maybe"}}, "spec.persistence.mode")
        self.refused({"persistence": {"mode": "RDB", "fsync": "Always"}}, "spec.persistence.fsync")
        self.refused({"persistence": {"mode": "RDB", "rewritePercent": 50}}, "spec.persistence.rewritePercent")
        self.refused({"persistence": {"rewritePercent": 50}, "storage": {"type": "EmptyDir"}}, "spec.persistence.rewritePercent")
        self.refused({"persistence": {"snapshotSeconds": 60}}, "spec.persistence.snapshotSeconds")
        self.refused({"auth": {"enabled": False, "secretRef": {"name": "x"}}},
                     "spec.auth.secretRef")
        self.refused({"update": {"image": "Sometimes"}}, "spec.update.image")
        self.refused({"networkPolicy": {"from": {}}}, "spec.networkPolicy.from")
        self.refused({}, "metadata.name", name="x" * 41)
        self.refused({"relicas": 3}, 'unknown field "spec.relicas"')

    def test_what_cannot_change_is_refused(self):
        apply("fixed", {"storage": {"size": "2Gi"}})
        try:
            for spec, word in (({"storage": {"size": "1Gi"}}, "spec.storage.size"),
                               ({"storage": {"type": "EmptyDir"}}, "spec.storage.type"),
                               ({"sentinel": {"masterName": "other"}}, "masterName")):
                result = CLUSTER.kubectl("patch", "redisha", "fixed", "-n", "default", "--type",
                                         "merge", "-p", json.dumps({"spec": spec}), check=False)
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(word, result.stderr)
        finally:
            CLUSTER.kubectl("delete", "redisha", "fixed", "-n", "default")

    def test_every_example_is_accepted(self):
        for path in sorted(glob.glob(f"{REPO}/examples/*.yaml")):
            with self.subTest(path):
                CLUSTER.kubectl("apply", "--dry-run=server", "-f", path)


class OperatorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.operator = Operator("--leader-elect")

    @classmethod
    def tearDownClass(cls):
        code, seconds = cls.operator.stop()
        if code != 0 or seconds > 10:
            raise AssertionError(
                f"ended with {code} after {seconds:.1f} s: {cls.operator.output[-2000:]}")

    def make(self, name, spec=None):
        apply(name, spec)
        self.addCleanup(CLUSTER.kubectl, "delete", "redisha", name, "-n", "default",
                        "--ignore-not-found")
        CLUSTER.wait(f"a status of {name}", lambda: status(name).get("conditions"))

    @staticmethod
    def pods_may(request):
        """Whether a sidecar's token permits it."""
        return CLUSTER.kubectl("auth", "can-i", *request.split(), "-n", "default",
                               "--as", "system:serviceaccount:default:made", check=False).stdout.strip() == "yes"

    def test_children_are_made_and_then_left_alone(self):
        self.make("made")
        CLUSTER.wait("all children", lambda: len(versions("made")) == 12)
        pretend_running("made", "PRR")
        CLUSTER.wait("made to be ready", lambda: condition("made", "Ready").get("status") == "True")
        found = status("made")
        self.assertEqual(found["currentPrimary"], "made-0")
        self.assertEqual(found["readyReplicas"], 3)
        self.assertEqual(found["syncedReplicas"], 2)
        self.assertEqual(found["observedGeneration"], 1)
        self.assertEqual(condition("made", "Stalled")["status"], "False")
        self.assertIn("Ready", events("made"))
        self.assertIn("PrimaryElected", events("made"))
        self.assertTrue(found["initialised"])
        self.assertEqual({verb: self.pods_may(verb) for verb in
                          ("get pods/made-1", "patch pods/made-2", "get pods/other-0", "list pods", "delete pods/made-1",
                           "get secrets/made-peer")},
                         {"get pods/made-1": True, "patch pods/made-2": True, "get pods/other-0": False, "list pods": False,
                          "delete pods/made-1": False, "get secrets/made-peer": False})
        pod = CLUSTER.get("statefulset", "made", "-n", "default")["spec"]["template"]["spec"]
        self.assertEqual(pod["containers"][0]["image"], "localhost/redisha:dev")

        # At rest nothing is asked or written, also after something irrelevant has changed.
        before, asked = versions("made"), self.operator.requests()
        CLUSTER.kubectl("annotate", "statefulset", "made", "-n", "default", "irrelevant=1")
        before["StatefulSet/made"] = versions("made")["StatefulSet/made"]
        time.sleep(1)
        self.assertEqual(versions("made"), before)
        self.assertEqual(self.operator.requests(), asked)

    def test_edits_are_undone_and_deletions_repaired(self):
        self.make("drift")
        CLUSTER.wait("all children", lambda: len(versions("drift")) == 12)
        CLUSTER.kubectl("patch", "service", "drift", "-n", "default", "--type", "merge", "-p",
                        json.dumps({"spec": {"selector": {ROLE_LABEL: "other"}}}))
        CLUSTER.wait("the selector to be repaired", lambda: CLUSTER.get(
            "service", "drift", "-n", "default")["spec"]["selector"][ROLE_LABEL] == "primary")
        CLUSTER.kubectl("delete", "configmap", "drift-config", "-n", "default")
        CLUSTER.wait("the ConfigMap to be back", lambda: "ConfigMap/drift-config" in versions("drift"))

    def test_scale_goes_through_voters_and_the_scale_subresource(self):
        def voters():
            found = CLUSTER.get("configmap", "sized-config", "-n", "default")
            return found["data"]["sentinel.conf"].count("redisha-member ")

        def ready():
            keep_running("sized")
            return condition("sized", "Ready").get("status") == "True"

        self.make("sized")
        CLUSTER.wait("three ready pods", ready)
        first = {pod["metadata"]["uid"] for pod in pods_of("sized")}
        CLUSTER.kubectl("scale", "redisha", "sized", "-n", "default", "--replicas=5")
        CLUSTER.wait("four voters", lambda: voters() == 4)
        self.assertEqual(len(pods_of("sized")), 3, "newcomers before the others know of them")
        self.assertEqual(condition("sized", "Ready")["status"], "False")
        CLUSTER.wait("five ready pods", lambda: ready() and status("sized")["replicas"] == 5, 60)
        scale = json.loads(CLUSTER.kubectl(
            "get", "--raw",
            "/apis/ha.redisha.io/v1/namespaces/default/redishas/sized/scale").stdout)
        self.assertEqual(scale["spec"]["replicas"], 5)
        self.assertEqual(scale["status"]["replicas"], 5)
        self.assertIn("app.kubernetes.io/instance=sized", scale["status"]["selector"])

        CLUSTER.kubectl("scale", "redisha", "sized", "-n", "default", "--replicas=3")
        CLUSTER.wait("three ready pods", lambda: ready() and status("sized")["replicas"] == 3, 60)
        self.assertEqual(voters(), 3)
        self.assertEqual({pod["metadata"]["uid"] for pod in pods_of("sized")}, first)

    def test_a_failover_is_reported(self):
        self.make("moved")
        pretend_running("moved", "PRR")
        CLUSTER.wait("ready", lambda: condition("moved", "Ready").get("status") == "True")
        pretend_running("moved", "pPR")
        CLUSTER.wait("the new primary", lambda: status("moved").get("currentPrimary") == "moved-1")
        self.assertEqual(condition("moved", "PrimaryAvailable")["status"], "True")
        self.assertEqual(condition("moved", "Degraded")["status"], "True")
        self.assertEqual(status("moved")["failoverCount"], 1)
        self.assertIn("PrimaryChanged", events("moved"))
        pretend_running("moved", "RPR")
        CLUSTER.wait("ready", lambda: condition("moved", "Ready").get("status") == "True")
        self.assertIn('redisha_failovers_total{namespace="default",name="moved"} 1',
                      self.operator.metrics())

    def test_a_missing_secret_is_a_condition_and_an_event_until_it_is_there(self):
        self.make("secretless", {"auth": {"secretRef": {"name": "later"}}})
        CLUSTER.wait("Stalled", lambda: condition("secretless", "Stalled")["status"] == "True")
        self.assertEqual(condition("secretless", "Ready")["reason"], "SecretMissing")
        self.assertIn("spec.auth.secretRef.name", condition("secretless", "Ready")["message"])
        CLUSTER.wait("the event", lambda: "SecretMissing" in events("secretless"))
        CLUSTER.kubectl("create", "secret", "generic", "later", "-n", "default",
                        "--from-literal=password=x")
        CLUSTER.wait("the Secret to be found",
                     lambda: condition("secretless", "Stalled")["status"] == "False", 30)

    def test_monitors_are_made_once_their_api_is_there(self):
        self.make("watched", {"metrics": {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}}})
        CLUSTER.wait("the warning", lambda: condition("watched", "ConfigurationWarning")["reason"] == "MonitoringApiMissing")
        crds = [monitoring_crd(plural, kind) for plural, kind in MONITORING_KINDS.items()]
        for crd in crds:
            self.addCleanup(CLUSTER.kubectl, "delete", "crd", crd["metadata"]["name"], "--ignore-not-found")
        CLUSTER.kubectl("apply", "-f", "-", stdin=json.dumps({"kind": "List", "apiVersion": "v1", "items": crds}))
        there = lambda plural: CLUSTER.get(plural, "-n", "default", "-l", MANAGED)["items"]
        CLUSTER.wait("the API to be served", lambda: CLUSTER.try_kubectl("get", "servicemonitors,podmonitors,prometheusrules"), 30)
        CLUSTER.wait("the monitor", lambda: there("servicemonitors"), 30)
        CLUSTER.wait("the rules", lambda: there("prometheusrules"), 30)
        CLUSTER.wait("no warning", lambda: condition("watched", "ConfigurationWarning")["status"] == "False")
        CLUSTER.kubectl("delete", "servicemonitor", "watched", "-n", "default")
        CLUSTER.wait("the monitor to be back", lambda: there("servicemonitors"))
        apply("watched", {"metrics": {"podMonitor": {"enabled": True}}})
        CLUSTER.wait("the pod monitor alone", lambda: there("podmonitors") and not there("servicemonitors") and not there("prometheusrules"))

    def test_a_foreign_object_is_never_taken_over(self):
        CLUSTER.kubectl("create", "configmap", "taken-config", "-n", "default",
                        "--from-literal=mine=1")
        self.addCleanup(CLUSTER.kubectl, "delete", "configmap", "taken-config", "-n", "default")
        self.make("taken")
        CLUSTER.wait("NameTaken", lambda: condition("taken", "Ready").get("reason") == "NameTaken")
        found = CLUSTER.get("configmap", "taken-config", "-n", "default")
        self.assertEqual(found["data"], {"mine": "1"})

    def test_a_rejected_child_says_why(self):
        self.make("odd", {"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}})
        CLUSTER.wait("Rejected", lambda: condition("odd", "Ready").get("reason") == "Rejected")
        self.assertIn("memory", condition("odd", "Ready")["message"])
        self.assertIn("controller_runtime_reconcile_errors_total", self.operator.metrics())

    def test_deletion_leaves_nothing_but_the_volumes(self):
        self.make("gone")
        CLUSTER.wait("all children", lambda: len(versions("gone")) == 12)
        CLUSTER.kubectl("delete", "redisha", "gone", "-n", "default")
        CLUSTER.wait("the garbage collector", lambda: not CLUSTER.get(
            KINDS + ",secrets", "-n", "default", "-l",
            f"{MANAGED},app.kubernetes.io/instance=gone")["items"], 30)

    def test_a_name_can_be_used_again_at_once(self):
        self.make("again")
        CLUSTER.wait("all children", lambda: len(versions("again")) == 12)
        CLUSTER.wait("the claims", lambda: len(CLUSTER.get(
            "pvc", "-n", "default", "-l", "app.kubernetes.io/instance=again")["items"]) == 3)
        dataset = CLUSTER.wait("its identity", lambda: status("again").get("clusterUID"))
        CLUSTER.kubectl("delete", "redisha", "again", "-n", "default")
        apply("again")
        CLUSTER.wait("all children anew", lambda: len(versions("again")) == 12 and
                     condition("again", "Stalled").get("status") == "False", 60)
        CLUSTER.wait("the identity on the claims", lambda: status("again").get("clusterUID") == dataset)
        self.assertNotEqual(CLUSTER.get("redisha", "again", "-n", "default")["metadata"]["uid"], dataset)

    def test_the_operator_may_not_do_what_it_need_not(self):
        for verb, what in (("list", "secrets"), ("delete", "statefulsets"), ("delete", "pods"),
                           ("get", "persistentvolumeclaims"), ("delete", "persistentvolumeclaims"),
                           ("create", "persistentvolumeclaims"), ("patch", "secrets"), ("create", "pods/exec"), ("update", "redishas")):
            answer = CLUSTER.kubectl("auth", "can-i", verb, what, "-n", "default", "--as",
                                     "system:serviceaccount:redisha-system:redisha-operator",
                                     check=False).stdout.strip()
            self.assertEqual(answer, "no", f"{verb} {what}")


class RestartTest(unittest.TestCase):
    def test_a_restarted_operator_writes_nothing(self):
        first = Operator()
        apply("rest", {"resources": {"limits": {"memory": "0.5Gi"}}})
        self.addCleanup(CLUSTER.kubectl, "delete", "redisha", "rest", "-n", "default")
        CLUSTER.wait("all children", lambda: len(versions("rest")) == 12)
        CLUSTER.wait("three pods", lambda: status("rest").get("replicas") == 3)
        time.sleep(1)
        self.assertEqual(first.stop()[0], 0)
        before = versions("rest")
        second = Operator()
        self.addCleanup(second.stop)
        CLUSTER.wait("a reconciliation", lambda: 'result="requeue_after"} 0' not in second.metrics())
        time.sleep(1)
        self.assertEqual(versions("rest"), before)

    def test_the_second_operator_stands_by_and_takes_over_at_once(self):
        leads = 'leader_election_master_status{name="redisha-operator"} 1'
        first = Operator("--leader-elect")
        CLUSTER.wait("the first to lead", lambda: leads in first.metrics())
        second = Operator("--leader-elect")
        self.addCleanup(second.stop)
        self.assertNotIn(leads, second.metrics())
        self.assertEqual(first.stop()[0], 0)
        CLUSTER.wait("the second to lead", lambda: leads in second.metrics(), 10)


if __name__ == "__main__":
    unittest.main()
