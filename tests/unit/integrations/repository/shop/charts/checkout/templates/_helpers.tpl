{{- define "checkout.fullname" -}}
{{ .Release.Name }}
{{- end }}
