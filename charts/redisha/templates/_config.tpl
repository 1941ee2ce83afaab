{{- /*
commonConfiguration as {config: {...}, appendonly: "yes"|"no"|"", save: null|""|"900 1"}.
A line of redis.conf is a name and the rest; quotes around the whole rest are taken off.
*/ -}}
{{- define "redisha.configuration" -}}
{{- $config := dict -}}
{{- $result := dict "appendonly" "" -}}
{{- range $line := splitList "\n" .Values.commonConfiguration -}}
{{- $line = trim $line -}}
{{- if and $line (not (hasPrefix "#" $line)) -}}
{{- $parts := regexSplit "[ \t]+" $line 2 -}}
{{- $name := lower (first $parts) -}}
{{- $value := "" -}}
{{- if gt (len $parts) 1 -}}{{- $value = index $parts 1 | trim -}}{{- end -}}
{{- if regexMatch "^\".*\"$" $value -}}{{- $value = substr 1 (int (sub (len $value) 1)) $value -}}{{- end -}}
{{- if regexMatch "^'.*'$" $value -}}{{- $value = substr 1 (int (sub (len $value) 1)) $value -}}{{- end -}}
{{- if eq $name "appendonly" -}}
{{- $_ := set $result "appendonly" (lower $value) -}}
{{- else if eq $name "save" -}}
{{- $_ := set $result "save" $value -}}
{{- else if has $name (list "port" "bind" "dir" "requirepass" "masterauth" "replicaof" "slaveof" "unixsocket" "daemonize" "include" "tls-port") -}}
{{- include "redisha.refuse" (printf "commonConfiguration: %s is set by the operator; take the line out" $name) -}}
{{- else -}}
{{- $_ := set $config $name $value -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $_ := set $result "config" $config -}}
{{- toJson $result -}}
{{- end -}}

{{- /* spec.persistence from appendonly and save, unless spec.persistence says it. */ -}}
{{- define "redisha.persistence" -}}
{{- $conf := include "redisha.configuration" . | fromJson -}}
{{- $volume := include "redisha.wantsVolume" . -}}
{{- $result := dict -}}
{{- if and (eq $conf.appendonly "yes") (not (dig "persistence" "mode" "" .Values.spec)) -}}
{{- include "redisha.refuse" "commonConfiguration: 'appendonly yes' asks for the append-only file, which this version does not have. To go on with snapshots, which lose what was written since the last one, set spec.persistence.mode to RDB" -}}
{{- end -}}
{{- if hasKey $conf "save" -}}
{{- if eq $conf.save "" -}}
{{- $_ := set $result "mode" "None" -}}
{{- else -}}
{{- $_ := set $result "mode" "RDB" -}}
{{- $_ := set $result "snapshotSeconds" (regexFind "^[0-9]+" $conf.save | int) -}}
{{- end -}}
{{- else if not $volume -}}
{{- $_ := set $result "mode" "None" -}}
{{- end -}}
{{- toJson $result -}}
{{- end -}}

{{- define "redisha.wantsVolume" -}}
{{- if and .Values.replica.persistence.enabled .Values.master.persistence.enabled -}}true{{- end -}}
{{- end -}}
