{{- /*
Nothing is accepted in silence: a value that this chart does not read ends the rendering with the
field to use instead. A path is known if it, or a map it lies in, is in "redisha.known".
*/ -}}
{{- define "redisha.known" -}}
spec nameOverride fullnameOverride commonLabels commonAnnotations architecture commonConfiguration enabled
global.imageRegistry global.imagePullSecrets global.storageClass global.redis.password global.security
image auth.enabled auth.sentinel auth.password auth.existingSecret auth.existingSecretPasswordKey
master.count master.resources master.persistence.enabled master.persistence.size master.persistence.storageClass
replica.replicaCount replica.resources replica.persistence.enabled replica.persistence.size replica.persistence.storageClass
replica.podLabels replica.podAnnotations replica.nodeSelector replica.tolerations replica.affinity
replica.topologySpreadConstraints replica.priorityClassName
sentinel.enabled sentinel.masterSet sentinel.quorum sentinel.downAfterMilliseconds sentinel.failoverTimeout
sentinel.parallelSyncs sentinel.resources
metrics.enabled metrics.serviceMonitor.enabled metrics.serviceMonitor.namespace metrics.serviceMonitor.interval
metrics.serviceMonitor.additionalLabels metrics.podMonitor.enabled metrics.podMonitor.interval metrics.podMonitor.additionalLabels
metrics.prometheusRule.enabled metrics.prometheusRule.additionalLabels networkPolicy.enabled pdb.create tests.image
{{- end -}}

{{- define "redisha.advice" -}}
auth.acl: "no users are made: mount an ACL file, name it in config.aclfile"
auth.usePasswordFiles: "passwords are always files here; take it out"
auth.usePasswordFileFromSecret: "passwords are always files here; take it out"
existingConfigmap: "put the settings into commonConfiguration or spec.config"
tls: "TLS is not there yet"
cluster: "hash slots are not supported; this is one dataset with a primary and its replicas"
clusterDomain: "members are found by their short service names; take it out"
kind: "the pods always come from a StatefulSet; take it out"
image.debug: "use spec.config.loglevel: debug"
master.configuration: "primary and replicas share their settings: use commonConfiguration"
replica.configuration: "primary and replicas share their settings: use commonConfiguration"
sentinel.configuration: "use the fields of sentinel (quorum, downAfterMilliseconds, failoverTimeout, parallelSyncs)"
master.service: "the Services are the operator's: NAME (primary), NAME-replicas, NAME-sentinel"
replica.service: "the Services are the operator's: NAME (primary), NAME-replicas, NAME-sentinel"
sentinel.service: "the Services are the operator's: NAME (primary), NAME-replicas, NAME-sentinel"
sentinel.externalAccess: "access from outside of the cluster is not there yet"
replica.externalAccess: "access from outside of the cluster is not there yet"
replica.autoscaling: "point a HorizontalPodAutoscaler at the RedisHA's scale subresource"
replica.externalMaster: "replicating from a server outside is not there yet"
volumePermissions: "the volumes belong to the pods' group (fsGroup); take it out"
sysctl: "use spec.podTemplate.spec.securityContext.sysctls"
serviceAccount: "the operator makes the service account"
rbac: "the operator makes the role"
metrics.podMonitor.namespace: "it lies beside the RedisHA; let the Prometheus select that namespace"
metrics.image: "there is no exporter to run: the pods export metrics themselves"
metrics.prometheusRule.namespace: "it lies beside the RedisHA; let the Prometheus select that namespace"
metrics.prometheusRule.rules: "the alerts are those of docs/runbooks; put yours into a PrometheusRule of your own"
networkPolicy.allowExternal: "use spec.networkPolicy"
pdb.minAvailable: "the disruption budget always lets one pod go at a time"
pdb.maxUnavailable: "the disruption budget always lets one pod go at a time"
master.disableCommands: "use spec.config.rename-command where the node supports it"
{{- end -}}

{{- define "redisha.check" -}}
{{- $path := index . 0 -}}{{- $value := index . 1 -}}{{- $known := index . 2 -}}{{- $advice := index . 3 -}}
{{- if not (has $path $known) -}}
{{- $below := false -}}
{{- range $known -}}{{- if hasPrefix (printf "%s." $path) . -}}{{- $below = true -}}{{- end -}}{{- end -}}
{{- if hasKey $advice $path -}}
{{- include "redisha.refuse" (printf "%s is not taken: %s" $path (index $advice $path)) -}}
{{- else if and (kindIs "map" $value) (or $below (empty $path)) -}}
{{- range $key, $inner := $value -}}
{{- include "redisha.check" (list (ternary $key (printf "%s.%s" $path $key) (empty $path)) $inner $known $advice) -}}
{{- end -}}
{{- else if and (not (empty $path)) (not (kindIs "invalid" $value)) -}}
{{- include "redisha.refuse" (printf "%s is not a value of this chart; pods are shaped with spec.podTemplate, everything else with spec (kubectl explain redisha.spec)" $path) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Two places that mean the same pods here: both may say it only if they agree. */ -}}
{{- define "redisha.agree" -}}
{{- $first := index . 1 -}}{{- $second := index . 2 -}}
{{- if and $first $second (ne (toJson $first) (toJson $second)) -}}
{{- include "redisha.refuse" (printf "master.%s and replica.%s differ, but every pod may become primary: give one of them, or the same twice" (index . 0) (index . 0)) -}}
{{- end -}}
{{- end -}}

{{- define "redisha.validate" -}}
{{- $known := regexSplit "[ \n]+" (include "redisha.known" . | trim) -1 -}}
{{- $advice := include "redisha.advice" . | fromYaml -}}
{{- $values := omit .Values "global" -}}
{{- include "redisha.check" (list "" $values $known $advice) -}}
{{- if not (has .Values.architecture (list "replication" "standalone")) -}}
{{- include "redisha.refuse" (printf "architecture is %q; replication and standalone are known" .Values.architecture) -}}
{{- end -}}
{{- include "redisha.agree" (list "resources" .Values.master.resources .Values.replica.resources) -}}
{{- include "redisha.agree" (list "persistence.size" .Values.master.persistence.size .Values.replica.persistence.size) -}}
{{- include "redisha.agree" (list "persistence.storageClass" .Values.master.persistence.storageClass .Values.replica.persistence.storageClass) -}}
{{- if ne (int .Values.master.count) 1 -}}
{{- include "redisha.refuse" "master.count must be 1: a dataset has one primary, and its pods are counted by replica.replicaCount" -}}
{{- end -}}
{{- if and (eq (include "redisha.replicas" . | int) 2) (not (hasKey .Values.spec "replicas")) -}}
{{- include "redisha.refuse" "replica.replicaCount makes 2 pods: one, or three and more, since two voters cannot survive the loss of one" -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor.enabled .Values.metrics.podMonitor.enabled -}}
{{- include "redisha.refuse" "metrics.serviceMonitor and metrics.podMonitor may not both be enabled: each pod would be scraped twice" -}}
{{- end -}}
{{- if not .Values.pdb.create -}}
{{- include "redisha.refuse" "pdb.create must stay true: without it a drain may take the majority at once" -}}
{{- end -}}
{{- end -}}
