{{- define "redisha.replicas" -}}
{{- if eq .Values.architecture "standalone" -}}1
{{- else if .Values.sentinel.enabled -}}{{ int .Values.replica.replicaCount }}
{{- else -}}{{ add1 (int .Values.replica.replicaCount) }}
{{- end -}}
{{- end -}}

{{- define "redisha.storage" -}}
{{- $storage := dict -}}
{{- if include "redisha.wantsVolume" . -}}
{{- $size := default .Values.master.persistence.size .Values.replica.persistence.size -}}
{{- $class := default .Values.master.persistence.storageClass .Values.replica.persistence.storageClass | default .Values.global.storageClass -}}
{{- with $size }}{{- $_ := set $storage "size" . -}}{{- end -}}
{{- with $class }}{{- $_ := set $storage "storageClassName" . -}}{{- end -}}
{{- else -}}
{{- $_ := set $storage "type" "EmptyDir" -}}
{{- end -}}
{{- toJson $storage -}}
{{- end -}}

{{- define "redisha.image" -}}
{{- with .Values.image -}}
{{- if .repository -}}
{{- $registry := default .registry $.Values.global.imageRegistry -}}
{{- $name := ternary (printf "%s/%s" $registry .repository) .repository (not (empty $registry)) -}}
{{- if .digest -}}{{ printf "%s@%s" $name .digest }}{{- else -}}{{ printf "%s:%s" $name (default $.Chart.AppVersion .tag) }}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "redisha.podTemplate" -}}
{{- $metadata := dict -}}{{- $spec := dict -}}
{{- with .Values.replica.podLabels }}{{- $_ := set $metadata "labels" . -}}{{- end -}}
{{- with .Values.replica.podAnnotations }}{{- $_ := set $metadata "annotations" . -}}{{- end -}}
{{- range $name := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "priorityClassName" -}}
{{- with index $.Values.replica $name }}{{- $_ := set $spec $name . -}}{{- end -}}
{{- end -}}
{{- $template := dict -}}
{{- with $metadata }}{{- $_ := set $template "metadata" . -}}{{- end -}}
{{- with $spec }}{{- $_ := set $template "spec" . -}}{{- end -}}
{{- toJson $template -}}
{{- end -}}

{{- define "redisha.auth" -}}
{{- $auth := dict "enabled" .Values.auth.enabled -}}
{{- if .Values.auth.enabled -}}
{{- if .Values.auth.existingSecret -}}
{{- $_ := set $auth "secretRef" (dict "name" .Values.auth.existingSecret "key" (default "redis-password" .Values.auth.existingSecretPasswordKey)) -}}
{{- else if include "redisha.password" . -}}
{{- $_ := set $auth "secretRef" (dict "name" (include "redisha.passwordSecret" .) "key" "redis-password") -}}
{{- end -}}
{{- $_ := set $auth "sentinel" .Values.auth.sentinel -}}
{{- end -}}
{{- toJson $auth -}}
{{- end -}}

{{- define "redisha.sentinel" -}}
{{- $sentinel := dict "masterName" .Values.sentinel.masterSet -}}
{{- range $from, $to := dict "quorum" "quorum" "downAfterMilliseconds" "downAfterMilliseconds" "failoverTimeout" "failoverTimeoutMilliseconds" "parallelSyncs" "parallelSyncs" -}}
{{- with index $.Values.sentinel $from }}{{- $_ := set $sentinel $to (int .) -}}{{- end -}}
{{- end -}}
{{- with .Values.sentinel.resources }}{{- $_ := set $sentinel "resources" . -}}{{- end -}}
{{- toJson $sentinel -}}
{{- end -}}

{{- define "redisha.metrics" -}}
{{- $metrics := dict -}}
{{- with .Values.metrics.podMonitor -}}
{{- if .enabled }}{{- $_ := set $metrics "podMonitor" (dict "enabled" true "interval" .interval "labels" .additionalLabels) -}}{{- end -}}
{{- end -}}
{{- with .Values.metrics.prometheusRule -}}
{{- if .enabled }}{{- $_ := set $metrics "prometheusRule" (dict "enabled" true "labels" .additionalLabels) -}}{{- end -}}
{{- end -}}
{{- toJson $metrics -}}
{{- end -}}

{{- /* The spec that the Bitnami-named values ask for; .Values.spec is laid over it. */ -}}
{{- define "redisha.spec" -}}
{{- $spec := dict "replicas" (include "redisha.replicas" . | int) -}}
{{- with include "redisha.image" . }}{{- $_ := set $spec "image" . -}}{{- end -}}
{{- with .Values.image.pullPolicy }}{{- $_ := set $spec "imagePullPolicy" . -}}{{- end -}}
{{- $pullSecrets := list -}}
{{- range concat .Values.global.imagePullSecrets .Values.image.pullSecrets -}}
{{- $pullSecrets = append $pullSecrets (ternary . (dict "name" .) (kindIs "map" .)) -}}
{{- end -}}
{{- with $pullSecrets }}{{- $_ := set $spec "imagePullSecrets" . -}}{{- end -}}
{{- with default .Values.master.resources .Values.replica.resources }}{{- $_ := set $spec "resources" . -}}{{- end -}}
{{- with (include "redisha.configuration" . | fromJson).config }}{{- $_ := set $spec "config" . -}}{{- end -}}
{{- range $name := list "persistence" "storage" "auth" "sentinel" "metrics" "podTemplate" -}}
{{- with include (printf "redisha.%s" $name) $ | fromJson }}{{- $_ := set $spec $name . -}}{{- end -}}
{{- end -}}
{{- $_ := set $spec "networkPolicy" (dict "enabled" .Values.networkPolicy.enabled) -}}
{{- $merged := mergeOverwrite $spec (deepCopy .Values.spec) -}}
{{- /* In redis.conf, what is said of an append-only file that is not kept says nothing; the resource refuses it. */ -}}
{{- $default := ternary "RDB" "AOF" (eq (dig "storage" "type" "" $merged) "EmptyDir") -}}
{{- if not (has (dig "persistence" "mode" $default $merged) (list "AOF" "AOFAndRDB")) -}}
{{- range $name := list "fsync" "rewritePercent" -}}
{{- if not (hasKey (dig "persistence" dict $.Values.spec) $name) -}}
{{- with $merged.persistence }}{{- $_ := unset . $name -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $merged -}}
{{- end -}}
