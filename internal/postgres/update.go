package postgres

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// majorVersion finds the major version in the tag of an image.
var majorVersion = regexp.MustCompile(`:v?(\d+)(?:[.@-][^/]*)?$`)

// CheckUpdate refuses what an embedded database cannot follow. Moving to another
// database is not refused: its data may have been copied.
func CheckUpdate(prior, planned *Database) diag.Diagnostics {
	var diags diag.Diagnostics
	before, after := prior.image(), planned.image()
	from, to := majorVersion.FindStringSubmatch(before), majorVersion.FindStringSubmatch(after)
	if before != "" && after != "" && from != nil && to != nil && from[1] != to[1] {
		diags.AddAttributeError(path.Root("database").AtName("embedded").AtName("image"), "The database cannot change its major version in place",
			fmt.Sprintf("Postgres %s cannot read the files of Postgres %s. Keep the major version; or dump the database with pg_dump, restore it in another one, and name that in database.external.", to[1], from[1]))
	}
	return diags
}

// CheckVersion refuses an older version of a product, which cannot read the schema of a
// newer one, unless a backup is restored with it. Versions are numbers with dots.
func CheckVersion(product, from, to string, prior, planned *Database) diag.Diagnostics {
	var diags diag.Diagnostics
	if older(to, from) && !Restores(prior, planned) {
		detail := fmt.Sprintf("The database has the schema of %s, which %s cannot read. Keep the version. ", from, to)
		detail += fmt.Sprintf("Or go back with the database too, and lose what it holds since: with database.restore_from = \"before-%s\" the apply restores the backup that was made before the migration to %s.", from, from)
		diags.AddAttributeError(path.Root("version"), product+" cannot go back to an older version", detail)
	}
	return diags
}

// older compares versions number by number.
func older(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		m, _ := strconv.Atoi(x[i])
		n, _ := strconv.Atoi(y[i])
		if m != n {
			return m < n
		}
	}
	return false
}

// image is that of the embedded database, "" where the database is external.
func (d *Database) image() string {
	switch {
	case d == nil, d.Embedded == nil && d.External == nil, d.Embedded != nil && d.Embedded.Image == nil:
		return DefaultImage
	case d.External != nil:
		return ""
	default:
		return *d.Embedded.Image
	}
}

// Restores reports whether the change restores a backup.
func Restores(prior, planned *Database) bool {
	return planned.restoreFrom() != "" && planned.restoreFrom() != prior.restoreFrom()
}

func (d *Database) restoreFrom() string {
	if d == nil || d.RestoreFrom == nil {
		return ""
	}
	return *d.RestoreFrom
}
