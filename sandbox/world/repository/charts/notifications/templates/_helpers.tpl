{{- define "notifications.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/version: {{ .Values.image.tag | quote }}
app.kubernetes.io/part-of: sundial
tags.datadoghq.com/service: {{ .Chart.Name }}
team: {{ .Values.team }}
{{- end -}}
