{{- define "mcp-authz-webhook.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "mcp-authz-webhook.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := include "mcp-authz-webhook.name" . }}
{{- /* 52: "-cleanup" and "-selfsigned" are still to come, and a Service's name ends at 63. */ -}}
{{- contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "mcp-authz-webhook.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "mcp-authz-webhook.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "mcp-authz-webhook.selectorLabels" -}}
app.kubernetes.io/name: {{ include "mcp-authz-webhook.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mcp-authz-webhook.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "mcp-authz-webhook.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: mcp-authz-webhook
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "mcp-authz-webhook.image" -}}
{{- $image := printf "%s/%s" .Values.image.registry .Values.image.repository | trimPrefix "/" }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" $image .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" $image (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- /* self-managed, or files: cert-manager's Secret, or one that is already there. */ -}}
{{- define "mcp-authz-webhook.tlsMode" -}}
{{- if .Values.certManager.enabled }}files{{ else }}{{ .Values.tls.mode }}{{ end }}
{{- end }}

{{- define "mcp-authz-webhook.tlsSecret" -}}
{{- if .Values.certManager.enabled }}
{{- printf "%s-tls" (include "mcp-authz-webhook.fullname" .) }}
{{- else }}
{{- .Values.tls.existingSecret }}
{{- end }}
{{- end }}

{{- define "mcp-authz-webhook.webhookAnnotations" -}}
{{- if .Values.certManager.enabled -}}
cert-manager.io/inject-ca-from: {{ printf "%s/%s" .Release.Namespace (include "mcp-authz-webhook.fullname" .) }}
{{- end }}
{{- end }}

{{- /* A config that is being deleted is held longer than any admission call of ours can take. */ -}}
{{- define "mcp-authz-webhook.admissionGrace" -}}
{{- $longest := 0 }}
{{- range .Values.webhooks }}
{{- $longest = max $longest (int .timeoutSeconds) }}
{{- end }}
{{- add $longest 5 }}
{{- end }}

{{- define "mcp-authz-webhook.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "mcp-authz-webhook.securityContext" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- /* What a schema cannot say of two values together. */ -}}
{{- define "mcp-authz-webhook.checkValues" -}}
{{- if and .Values.hostNetwork (eq (int .Values.webhook.port) 10250) }}
{{- fail "hostNetwork: the kubelet has port 10250 of the node; set webhook.port to another one, e.g. 9443" }}
{{- end }}
{{- if eq (int .Values.webhook.port) (int .Values.health.port) }}
{{- fail "webhook.port and health.port are the same" }}
{{- end }}
{{- if .Values.certManager.enabled }}
{{- if or .Values.tls.existingSecret .Values.tls.caBundle }}
{{- fail "certManager.enabled: cert-manager writes the Secret and the caBundle; leave tls.existingSecret and tls.caBundle empty" }}
{{- end }}
{{- else if eq .Values.tls.mode "files" }}
{{- if not .Values.tls.existingSecret }}
{{- fail "tls.mode is files: name the Secret with tls.crt and tls.key in tls.existingSecret" }}
{{- end }}
{{- else if or .Values.tls.existingSecret .Values.tls.caBundle }}
{{- fail "tls.existingSecret and tls.caBundle are for tls.mode files; the self-managed certificate needs neither" }}
{{- end }}
{{- if and .Values.tracing.enabled (not .Values.tracing.endpoint) }}
{{- fail "tracing.enabled: give the OTLP endpoint in tracing.endpoint, e.g. http://collector.observability:4318" }}
{{- end }}
{{- end }}

{{- /* Before the rest of the release goes: what the server wrote into objects of others is nobody's then. */ -}}
{{- define "mcp-authz-webhook.cleanupHook" -}}
helm.sh/hook: pre-delete
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
{{- end }}
