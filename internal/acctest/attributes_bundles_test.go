package acctest

import "slices"

// bundleCases are those of the DAG bundles of an Airflow.
func bundleCases() map[string]attributeCase {
	const (
		container  = "*/* spec.template.spec.containers[*]."
		annotation = "*/* spec.template.metadata.annotations[analytics/revision-of-"
	)
	bundle := func(more string) string {
		return `dag_bundles = { team = { repository = "https://example.com/dags.git"` + more + ` } }`
	}
	bundles := []string{container + "env[AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST].*"}
	bySSH := func(secret, more string) string {
		return `dag_bundles = { team = { repository = "git@example.com:dags.git", private_key_secret = { ` + secret + ` }` + more + ` } }`
	}
	withAccess := append(slices.Clone(bundles), "Secret/bundles *", container+"env[AIRFLOW_CONN_ANALYTICS_BUNDLE_TEAM].*", annotation+"bundles]")
	return map[string]attributeCase{
		"dag_bundles.repository":                   {with: bundle(""), changes: append(slices.Clone(bundles), "*/bundles *")},
		"dag_bundles.submodules":                   {before: bundle(""), with: bundle(`, submodules = true`), changes: bundles},
		"dag_bundles.username":                     {before: bundle(`, password_secret = { name = "s" }`), with: bundle(`, username = "x", password_secret = { name = "s" }`)},
		"dag_bundles.password_secret.name":         {before: bundle(""), with: bundle(`, password_secret = { name = "s" }`), changes: withAccess},
		"dag_bundles.password_secret.namespace":    {before: bundle(`, password_secret = { name = "s" }`), with: bundle(`, password_secret = { name = "s", namespace = "other" }`), changes: []string{"Secret/bundles data[password.team]"}},
		"dag_bundles.password_secret.key":          {before: bundle(`, password_secret = { name = "s" }`), with: bundle(`, password_secret = { name = "s", key = "k" }`)},
		"dag_bundles.password_secret.version":      {before: bundle(`, password_secret = { name = "s" }`), with: bundle(`, password_secret = { name = "s", version = "2" }`)},
		"dag_bundles.private_key_secret.name":      {before: bySSH(`name = "s"`, ""), with: bySSH(`name = "t"`, ""), changes: []string{"Secret/bundles data[private_key.team]"}},
		"dag_bundles.private_key_secret.namespace": {before: bySSH(`name = "s"`, ""), with: bySSH(`name = "s", namespace = "other"`, ""), changes: []string{"Secret/bundles data[private_key.team]"}},
		"dag_bundles.private_key_secret.key":       {before: bySSH(`name = "s"`, ""), with: bySSH(`name = "s", key = "k"`, "")},
		"dag_bundles.private_key_secret.version":   {before: bySSH(`name = "s"`, ""), with: bySSH(`name = "s", version = "2"`, "")},
		"dag_bundles.known_hosts": {
			before: bySSH(`name = "s"`, ""), with: bySSH(`name = "s"`, `, known_hosts = "example.com ssh-rsa AAAA"`),
			changes: []string{"ConfigMap/known-hosts *", container + "volumeMounts[/opt/airflow/known-hosts].*", "*/* spec.template.spec.volumes[known-hosts].*"},
		},
		"dag_bundles.ref":              {before: bundle(""), with: bundle(`, ref = "v1"`), changes: bundles},
		"dag_bundles.subdir":           {before: bundle(""), with: bundle(`, subdir = "dags"`), changes: bundles},
		"dag_bundles.refresh_interval": {before: bundle(""), with: bundle(`, refresh_interval = 300`), changes: bundles},
		"dag_bundles.connection":       {before: bundle("") + "\nconnections = { git = { type = \"git\" } }", with: bundle(`, connection = "git"`) + "\nconnections = { git = { type = \"git\" } }", changes: bundles},
	}
}
