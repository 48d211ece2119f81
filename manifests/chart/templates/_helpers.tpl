{{/*
The name of every object: the release's name, with the chart's (or nameOverride) unless it holds that
already. 52 characters leave room for suffixes such as "-settings" below the limit of 63.
*/}}
{{- define "graphgate.name" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What the Deployment, its Service, budget and spread select; it can never change. */}}
{{- define "graphgate.selector" -}}
app.kubernetes.io/name: graphgate
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: webhook
{{- end -}}

{{- define "graphgate.labels" -}}
{{ include "graphgate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{- define "graphgate.reconciler" -}}
{{- include "graphgate.name" . }}-reconciler
{{- end -}}

{{/* Another component, so that no selector of the webhook ever finds a reconciler. */}}
{{- define "graphgate.reconcilerSelector" -}}
app.kubernetes.io/name: graphgate
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: reconciler
{{- end -}}

{{- define "graphgate.reconcilerLabels" -}}
{{ include "graphgate.reconcilerSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{- define "graphgate.audit" -}}
{{- include "graphgate.name" . }}-audit
{{- end -}}

{{- define "graphgate.auditSelector" -}}
app.kubernetes.io/name: graphgate
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: audit
{{- end -}}

{{- define "graphgate.auditLabels" -}}
{{ include "graphgate.auditSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{/* The metadata of pods; `labels` are those that the chart needs, which podLabels cannot change. */}}
{{- define "graphgate.podMetadata" -}}
labels:
  {{- mergeOverwrite (deepCopy .root.Values.podLabels) (.labels | fromYaml) | toYaml | nindent 2 }}
{{- with .root.Values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What all Deployments' pods have in common. */}}
{{- define "graphgate.pod" -}}
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
# No user is named: the image's own is not root, and OpenShift gives one from its range.
securityContext:
  runAsNonRoot: true
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{/* What all containers have in common, after the name. */}}
{{- define "graphgate.container" -}}
image: {{ include "graphgate.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* Where pods go. */}}
{{- define "graphgate.placement" -}}
{{- $values := .root.Values -}}
{{- $selector := .selector -}}
{{- with $values.topologySpread.topologyKeys -}}
topologySpreadConstraints:
  {{- range . }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: {{ $values.topologySpread.whenUnsatisfiable }}
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- $selector | nindent 8 }}
  {{- end }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What has the CA written into the caBundle, where that is neither us nor you. */}}
{{- define "graphgate.injection" -}}
{{- if eq .Values.certificate.source "cert-manager" -}}
annotations:
  cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/{{ include "graphgate.name" . }}
{{- else if eq .Values.certificate.source "openshift" -}}
annotations:
  service.beta.openshift.io/inject-cabundle: "true"
{{- end -}}
{{- end -}}

{{/* The egress of a NetworkPolicy, from the values of networkPolicy. */}}
{{- define "graphgate.toApiServer" -}}
- ports:
    {{- range .apiServerPorts }}
    - port: {{ . }}
    {{- end }}
  {{- with .apiServer }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* A digest says exactly which image; a tag is for people. */}}
{{- define "graphgate.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Helm reads numbers as floats, and would print 1000620000 as 1.00062e+09.
*/}}
{{- define "graphgate.defaultUserID" -}}
{{- if kindIs "string" .Values.defaultUserID -}}
{{- .Values.defaultUserID -}}
{{- else -}}
{{- int64 .Values.defaultUserID -}}
{{- end -}}
{{- end -}}

{{/* A YAML list. */}}
{{- define "graphgate.excludedNamespaces" -}}
{{- append (.Values.webhooks.excludedNamespaces | default list) .Release.Namespace | uniq | toYaml -}}
{{- end -}}

{{/* Namespaces whose SeldonDeployments are evaluated: all but a few. */}}
{{- define "graphgate.namespaceSelector" -}}
{{- with (.Values.webhooks.namespaceSelector).matchLabels -}}
matchLabels:
  {{- toYaml . | nindent 2 }}
{{ end -}}
matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values:
      {{- include "graphgate.excludedNamespaces" . | nindent 6 }}
  {{- with (.Values.webhooks.namespaceSelector).matchExpressions }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/*
The CA that the API server shall trust. Without one it trusts nobody, and would refuse every
SeldonDeployment: that is said here, not then.
*/}}
{{- define "graphgate.caBundle" -}}
{{- if eq .Values.certificate.source "provided" -}}
{{- if not .Values.certificate.caBundle -}}
{{- fail "certificate.caBundle is empty, so the API server would trust no certificate of graphgate and refuse every SeldonDeployment. Give the CA with --set-file certificate.caBundle=certs/ca.crt (graphgate certs init --out certs/ writes it), or leave all of it to graphgate with --set certificate.source=managed." -}}
{{- end -}}
caBundle: {{ .Values.certificate.caBundle | b64enc }}
{{- end -}}
{{- end -}}

{{/*
What both webhooks have in common, after the name, the path and the failure policy.
*/}}
{{- define "graphgate.webhook" -}}
timeoutSeconds: {{ .Values.webhooks.timeoutSeconds }}
sideEffects: {{ if .Values.webhooks.denialEvents }}NoneOnDryRun{{ else }}None{{ end }}
admissionReviewVersions: [v1]
# All three versions are named, so that each object is evaluated as its author wrote it.
# Equivalent catches it too if a later version of the resource is served.
matchPolicy: Equivalent
rules:
  - apiGroups: [machinelearning.seldon.io]
    apiVersions: [v1, v1alpha3, v1alpha2]
    # The Scale is what `kubectl scale` updates.
    resources: [seldondeployments, seldondeployments/scale]
    operations: [CREATE, UPDATE]
    scope: Namespaced
matchConditions:
  # An object that waits for its finalizers is let go, also while graphgate is down, if the stored
  # one says so, too: the author of a new one may write anything, and server-side apply keeps it.
  - name: not-being-deleted
    expression: >-
      request.operation == "CREATE" || !has(object.metadata.deletionTimestamp)
      || !has(oldObject.metadata.deletionTimestamp)
namespaceSelector:
  {{- include "graphgate.namespaceSelector" . | nindent 2 }}
{{- end -}}

{{/*
How requests get to the predictors, as the settings file has it.
*/}}
{{- define "graphgate.routing" -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.routing) (.Values.settings.routing | default dict)) -}}
{{- end -}}
