{{- define "surefoot.labels" -}}
app.kubernetes.io/name: surefoot
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "surefoot.selector" -}}
app.kubernetes.io/name: surefoot
app.kubernetes.io/component: {{ . }}
{{- end }}

{{- define "surefoot.imageOf" -}}
{{- with .image.registry }}{{ . }}/{{ end }}{{ .image.repository }}{{ if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag | default .version }}{{ end }}
{{- end }}

{{- define "surefoot.image" -}}
image: {{ include "surefoot.imageOf" (dict "image" .Values.image "version" .Chart.AppVersion) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{- /* The profiles in force: those of the values, or the ones shipped. */ -}}
{{- define "surefoot.profiles" -}}
{{- if .Values.config.profiles -}}
{{ dict "apiVersion" "config.surefoot.dev/v1alpha1" "kind" "Profiles" "profiles" .Values.config.profiles | toYaml }}
{{- else -}}
{{ .Files.Get "files/profiles.yaml" }}
{{- end -}}
{{- end }}

{{- /* CEL: whether k is a device of the profiles, as surefoot manifests webhook writes it. */ -}}
{{- define "surefoot.isDevice" -}}
{{- $exact := list -}}
{{- $prefixes := list -}}
{{- range (include "surefoot.profiles" . | fromYaml).profiles -}}
{{- range .devices -}}
{{- if hasSuffix "*" . -}}
{{- $prefixes = append $prefixes (printf "k.startsWith('%s')" (trimSuffix "*" .)) -}}
{{- else -}}
{{- $exact = append $exact (printf "'%s'" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $prefixes = append $prefixes "k.startsWith('deviceclass.resource.kubernetes.io/')" -}}
{{- $all := uniq $prefixes -}}
{{- if $exact }}{{ $all = prepend $all (printf "k in [%s]" (join ", " (uniq $exact))) }}{{ end -}}
{{ join " || " $all }}
{{- end }}

{{- define "surefoot.pod" -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .of.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .of.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "surefoot.ownNode" -}}
{{- if .root.Values.highAvailability.enabled }}
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "surefoot.selector" .component | nindent 12 }}
{{- end }}
{{- end }}

{{- define "surefoot.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "surefoot.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "surefoot.podMetadata" -}}
labels:
  {{- include "surefoot.selector" .component | nindent 2 }}
{{- with .annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
