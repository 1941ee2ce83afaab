{{- define "redisha.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "redisha.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "redisha.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "redisha.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "redisha.labels" -}}
app.kubernetes.io/name: {{ include "redisha.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "redisha.metadata" -}}
namespace: {{ .Release.Namespace }}
labels: {{- include "redisha.labels" . | nindent 2 }}
{{- with .Values.commonAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* A pod of `helm test`: the one before goes when the next is made, and when it has succeeded. */ -}}
{{- define "redisha.testMetadata" -}}
namespace: {{ .Release.Namespace }}
labels: {{- include "redisha.labels" . | nindent 2 }}
annotations:
{{- with .Values.commonAnnotations }}
{{- toYaml . | nindent 2 }}
{{- end }}
  helm.sh/hook: test
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{- define "redisha.testImage" -}}
{{- .Values.tests.image | default (include "redisha.image" .) | default (printf "localhost/redisha:%s" .Chart.AppVersion) -}}
{{- end -}}

{{- /* Stops with a line that says what to write instead. */ -}}
{{- define "redisha.refuse" -}}
{{- fail (printf "\n\nredisha: %s\n" .) -}}
{{- end -}}

{{- define "redisha.password" -}}
{{- .Values.global.redis.password | default .Values.auth.password -}}
{{- end -}}

{{- define "redisha.passwordSecret" -}}
{{- printf "%s-password" (include "redisha.fullname" .) -}}
{{- end -}}
