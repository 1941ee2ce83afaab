{{- /*
commonConfiguration as {config: {...}, appendonly: "yes"|"no"|"", file: {fsync: "Always"..., rewritePercent: 100}, save: null|""|"900 1"}.
A line of redis.conf is a name and the rest; quotes around the whole rest are taken off.
*/ -}}
{{- define "redisha.configuration" -}}
{{- $config := dict -}}
{{- $result := dict "appendonly" "" "file" dict -}}
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
{{- if not (has (lower $value) (list "yes" "no")) -}}{{- include "redisha.refuse" (printf "commonConfiguration: appendonly is yes or no; it is '%s'" $value) -}}{{- end -}}
{{- $_ := set $result "appendonly" (lower $value) -}}
{{- else if eq $name "appendfsync" -}}
{{- $fsync := get (dict "everysec" "EverySecond" "always" "Always" "no" "Never") (lower $value) -}}
{{- if not $fsync -}}{{- include "redisha.refuse" (printf "commonConfiguration: appendfsync is one of everysec, always, no; it is '%s'" $value) -}}{{- end -}}
{{- $_ := set $result.file "fsync" $fsync -}}
{{- else if eq $name "auto-aof-rewrite-percentage" -}}
{{- if not (regexMatch "^[0-9]+$" $value) -}}{{- include "redisha.refuse" (printf "commonConfiguration: auto-aof-rewrite-percentage is a whole number; it is '%s'" $value) -}}{{- end -}}
{{- $_ := set $result.file "rewritePercent" (int $value) -}}
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

{{- /*
spec.persistence from appendonly, what is said of its file, and save, unless spec.persistence says it. Where
they name no mode, none is asked for, so that a release that is upgraded keeps the one it was made with.
*/ -}}
{{- define "redisha.persistence" -}}
{{- $conf := include "redisha.configuration" . | fromJson -}}
{{- $volume := include "redisha.wantsVolume" . -}}
{{- $result := $conf.file -}}
{{- $aof := eq $conf.appendonly "yes" -}}
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
{{- else if $conf.appendonly -}}
{{- $_ := set $result "mode" "RDB" -}}
{{- end -}}
{{- toJson $result -}}
{{- end -}}

{{- define "redisha.wantsVolume" -}}
{{- if and .Values.replica.persistence.enabled .Values.master.persistence.enabled -}}true{{- end -}}
{{- end -}}
