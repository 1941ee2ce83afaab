"""The shipped roles are enough and no more: operator and sidecars work under them, and a sidecar's token reads no Secret."""
import json
import os
import shutil
import subprocess
import unittest

from tests.support.cluster import wait_for
from tests.support.cluster_case import ClusterCase

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
SIDECAR = "--as=system:serviceaccount:default:demo"
OPERATOR = "--as=system:serviceaccount:redisha-system:redisha-operator"
GREEDY = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: greedy}
rules: [{apiGroups: [""], resources: [secrets], verbs: [delete]}]
"""


@unittest.skipUnless(shutil.which("kubectl") and shutil.which("curl"), "kubectl or curl is not installed")
class AccessTest(ClusterCase):
    def test_everybody_gets_by_with_the_shipped_roles_and_nothing_more(self):
        self.check_can_i()
        self.check_the_sidecars_token()
        self.check_that_nobody_grants_more_than_he_holds()
        operator = self.kubectl("-n", "redisha-system", "logs", "deploy/redisha-operator")
        sidecars = "".join(self.kubectl("logs", f"demo-{i}", "-c", "sentinel") for i in range(3))
        self.assertNotIn("forbidden", operator + sidecars)
        wait_for("the primary's label", lambda: self.kubectl("get", "pods", "-l", "ha.redisha.io/role=primary", "-o", "name"), 10)

    def check_can_i(self):
        for words, answer in {("delete", "nodes"): "yes",
                              ("get", "secrets", SIDECAR): "no",
                              ("list", "pods", SIDECAR): "no",
                              ("patch", "pods/demo-0", SIDECAR): "yes",
                              ("patch", "pods/other-0", SIDECAR): "no",
                              ("create", "statefulsets.apps", OPERATOR): "yes",
                              ("list", "secrets", OPERATOR): "no",
                              ("delete", "redishas.ha.redisha.io", OPERATOR): "no"}.items():
            said = subprocess.run(["kubectl", "--kubeconfig", self.cluster.kubeconfig, "auth", "can-i", *words],
                                  capture_output=True, text=True, timeout=30).stdout.strip()
            self.assertEqual(said, answer, words)

    def check_the_sidecars_token(self):
        token = self.kubectl("exec", "demo-0", "-c", "sentinel", "--", "cat", TOKEN)
        code, answer = self.ask(token, "/api/v1/namespaces/default/secrets/demo-auth")
        self.assertEqual((code, answer["reason"]), (403, "Forbidden"))
        self.assertEqual(answer["message"], 'secrets "demo-auth" is forbidden: User "system:serviceaccount:default:demo" '
                                            'cannot get resource "secrets" in API group "" in the namespace "default"')
        code, answer = self.ask(token, "/api/v1/secrets")
        self.assertEqual((code, answer["message"]), (403, 'secrets is forbidden: User "system:serviceaccount:default:demo" '
                                                          'cannot list resource "secrets" in API group "" at the cluster scope'))
        code, answer = self.ask(token, "/api/v1/namespaces/default/pods/demo-0")
        self.assertEqual((code, answer["kind"]), (200, "Pod"))
        issued = self.kubectl("create", "token", "demo")
        self.assertEqual(self.ask(issued.strip(), "/api/v1/namespaces/default/pods/demo-0")[0], 200)
        self.assertEqual(self.ask("forged", "/api/v1/namespaces/default/pods/demo-0")[0], 401)

    def ask(self, token, path):
        server = self.kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")
        done = subprocess.run(["curl", "-sk", "-H", f"Authorization: Bearer {token}", "-w", "\n%{http_code}", server + path],
                              capture_output=True, text=True, timeout=30)
        body, code = done.stdout.rsplit("\n", 1)
        return int(code), json.loads(body)

    def check_that_nobody_grants_more_than_he_holds(self):
        manifest = os.path.join(self.directory.name, "greedy.yaml")
        with open(manifest, "w", encoding="utf-8") as file:
            file.write(GREEDY)
        words = ["create", "-f", manifest, "--validate=false"]
        refused = subprocess.run(["kubectl", "--kubeconfig", self.cluster.kubeconfig, *words, OPERATOR],
                                 capture_output=True, text=True, timeout=30)
        self.assertIn("attempting to grant RBAC permissions not currently held", refused.stderr)
        self.kubectl(*words)


if __name__ == "__main__":
    unittest.main()
