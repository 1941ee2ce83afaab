{{- /*
commonConfiguration as {config: {...}, appendonly: "yes"|"no"|"", fsync: ""|"Always"..., save: null|""|"900 1"}.
A line of redis.conf is a name and the rest; quotes around the whole rest are taken off.
*/ -}}
{{- define "redisha.configuration" -}}
{{- $config := dict -}}
{{- $result := dict "appendonly" "" "fsync" "" -}}
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
{{- else if eq $name "appendfsync" -}}
{{- $fsync := get (dict "everysec" "EverySecond" "always" "Always" "no" "Never") (lower $value) -}}
{{- if not $fsync -}}{{- include "redisha.refuse" (printf "commonConfiguration: appendfsync is one of everysec, always, no; it is '%s'" $value) -}}{{- end -}}
{{- $_ := set $result "fsync" $fsync -}}
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

{{- /* spec.persistence from appendonly, appendfsync and save, unless spec.persistence says it. */ -}}
{{- define "redisha.persistence" -}}
{{- $conf := include "redisha.configuration" . | fromJson -}}
{{- $volume := include "redisha.wantsVolume" . -}}
{{- $result := dict -}}
{{- $aof := eq $conf.appendonly "yes" -}}
{{- if $conf.fsync -}}{{- $_ := set $result "fsync" $conf.fsync -}}{{- end -}}
{{- if hasKey $conf "save" -}}
{{- if eq $conf.save "" -}}
{{- $_ := set $result "mode" (ternary "AOF" "None" $aof) -}}
{{- else -}}
{{- $_ := set $result "mode" (ternary "AOFAndRDB" "RDB" $aof) -}}
{{- $_ := set $result "snapshotSeconds" (regexFind "^[0-9]+" $conf.save | int) -}}
{{- end -}}
{{- else if $aof -}}
{{- $_ := set $result "mode" "AOF" -}}
{{- else if not $volume -}}
{{- $_ := set $result "mode" "None" -}}
{{- end -}}
{{- toJson $result -}}
{{- end -}}

{{- define "redisha.wantsVolume" -}}
{{- if and .Values.replica.persistence.enabled .Values.master.persistence.enabled -}}true{{- end -}}
{{- end -}}
