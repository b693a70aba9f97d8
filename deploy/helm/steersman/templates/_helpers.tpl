{{/* The name of everything; short enough for what is put behind it. */}}
{{- define "steersman.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{/* By which its pods are known. It cannot change. */}}
{{- define "steersman.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "steersman.labels" -}}
{{ include "steersman.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{/* steersman.toml: what the chart knows, around what is given. */}}
{{- define "steersman.configuration" -}}
zones = "/zones"
geoip = ["/usr/share/steersman/geoip/country.mmdb"]
state = "/var/lib/steersman"

[dns]
listen = ["0.0.0.0:53", "[::]:53"]
{{- range $key, $value := .Values.dns }}
{{ $key }} = {{ toJson $value }}
{{- end }}

{{ if .Values.tlsSecret -}}
[dns.tls]
certificate = "/run/secrets/steersman-tls/tls.crt"
key = "/run/secrets/steersman-tls/tls.key"

{{ end -}}
[admin]
# Probed by the kubelet and scraped by Prometheus, so not on loopback.
listen = {{ ternary "[::]:8053" "0.0.0.0:8053" (eq .Values.ipFamily "IPv6") | quote }}
token_file = "/run/secrets/steersman/token"

{{ .Values.configuration }}
{{- end }}

{{- define "steersman.zones" -}}
{{ .Values.existingZones | default (printf "%s-zones" (include "steersman.name" .)) }}
{{- end }}

{{- define "steersman.tokenSecret" -}}
{{ .Values.existingTokenSecret | default (printf "%s-token" (include "steersman.name" .)) }}
{{- end }}
