package acctest

import "strings"

// databaseCases are those of the database of a product whose Job "migrate" changes its
// schema. They set nothing else, so that the product's own standard must be added.
func databaseCases() map[string]attributeCase {
	const container = "*/* spec.template.spec.containers[*]."
	external := func(more string) string {
		return `database = { external = { host = "db", password_wo = "a", password_wo_version = "1"` + more + ` } }`
	}
	copied := func(more string) string {
		return `database = { external = { host = "db", password_secret = { name = "s"` + more + ` } } }`
	}
	authority := func(more string) string { return external(`, ca_secret = { name = "s"` + more + ` }`) }
	return map[string]attributeCase{
		"database.embedded.*": {
			with:    "database = { embedded = {\n" + allPodSettings() + "\nimage = \"docker.io/library/postgres:18\"\nsize = \"9Gi\"\nstorage_class = \"fast\"\n} }",
			changes: []string{"*/database* *", "Job/migrate spec.template.spec.initContainers[backup].image"},
		},
		"database.backups.enabled": {with: `database = { backups = { enabled = false } }`, changes: []string{
			"PersistentVolumeClaim/backups *", "Job/migrate spec.template.spec.initContainers[backup].*", "Job/migrate spec.template.spec.volumes[backups].*",
		}},
		"database.backups.image":         {with: `database = { backups = { image = "example.com/postgres:1" } }`, changes: []string{"Job/migrate spec.template.spec.initContainers[backup].image"}},
		"database.backups.size":          {with: `database = { backups = { size = "9Gi" } }`, changes: []string{"PersistentVolumeClaim/backups spec.resources.requests.storage"}},
		"database.backups.storage_class": {with: `database = { backups = { storage_class = "fast" } }`, changes: []string{"PersistentVolumeClaim/backups spec.storageClassName"}},
		"database.restore_from":          {with: `database = { restore_from = "before-1.2.3" }`, changes: []string{"Job/migrate spec.template.spec.initContainers[backup].env[RESTORE_FROM].value"}},

		// What is in the URL and in the Secret is shown as a revision, which begins with 1.
		"database.external.host":                      {before: external(""), with: strings.Replace(external(""), `"db"`, `"other"`, 1)},
		"database.external.port":                      {before: external(""), with: external(`, port = 6432`)},
		"database.external.name":                      {before: external(""), with: external(`, name = "meta"`)},
		"database.external.user":                      {before: external(""), with: external(`, user = "root"`)},
		"database.external.password_wo":               {with: external(""), changes: []string{"*/database *", "*/backups *", "Job/migrate spec.template.spec.*"}},
		"database.external.password_wo_version":       {before: external(""), with: strings.Replace(external(""), `"1"`, `"2"`, 1)},
		"database.external.password_secret.namespace": {before: copied(""), with: copied(`, namespace = "other"`), changes: []string{"Secret/database data[password]"}},
		"database.external.password_secret.name":      {before: copied(""), with: strings.Replace(copied(""), `"s"`, `"other"`, 1), changes: []string{"Secret/database data[password]"}},
		"database.external.password_secret.key":       {before: copied(""), with: copied(`, key = "other"`)},
		"database.external.password_secret.version":   {before: copied(""), with: copied(`, version = "2"`)},
		"database.external.ssl_mode":                  {before: external(""), with: external(`, ssl_mode = "require"`), changes: []string{container + "env[PGSSLMODE].*"}},
		"database.external.ca_secret.name": {before: external(""), with: authority(""), changes: []string{
			"Secret/database data[ca.crt]", container + "env[PGSSLROOTCERT].*", container + "volumeMounts[/etc/database-ca].*", "*/* spec.template.spec.volumes[database-ca].*",
		}},
		"database.external.ca_secret.namespace": {before: authority(""), with: authority(`, namespace = "other"`), changes: []string{"Secret/database data[ca.crt]"}},
		"database.external.ca_secret.key":       {before: authority(""), with: authority(`, key = "other"`)},
		"database.external.ca_secret.version":   {before: authority(""), with: authority(`, version = "2"`)},
	}
}
