{{- define "mock.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* Short enough for the suffixes of its objects. */ -}}
{{- define "mock.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "mock.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "mock.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "mock.selector" -}}
app.kubernetes.io/name: {{ include "mock.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "mock.labels" -}}
{{ include "mock.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* deploy/haproxy.cfg with the addresses of the nodes. The ids follow from the ordinals, so they never change. */ -}}
{{- define "mock.haproxy.cfg" -}}
{{- $name := include "mock.fullname" . -}}
{{- $servers := "" -}}
{{- range $i := until (int .Values.replicas) -}}
{{- $address := printf "%s-%d.%s-nodes.%s.svc.%s:4010" $name $i $name $.Release.Namespace $.Values.clusterDomain -}}
{{- $servers = printf "%s    server node%d %s id %d\n" $servers (add1 $i) $address (add1 $i) -}}
{{- end -}}
{{- regexReplaceAllLiteral "(    server [^\n]*\n)+" (.Files.Get "haproxy.cfg") $servers -}}
{{- end -}}

{{- define "mock.container.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* A value as text. Helm reads numbers as floating point, but a flag does not accept 1e+06. */ -}}
{{- define "mock.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}{{- int64 . -}}{{- else -}}{{- . -}}{{- end -}}
{{- end -}}
