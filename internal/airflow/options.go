package airflow

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// optionFiles list the options of some versions of Airflow and of the providers in
// its image, as options/list.py prints them.
//
//go:embed options/*.txt
var optionFiles embed.FS

// knownOptions are the options by section, of the newest listed version with the
// same minor version; nil where there is none.
func knownOptions(version string) map[string][]string {
	entries, err := optionFiles.ReadDir("options")
	if err != nil {
		return nil
	}
	minor := version[:strings.LastIndex(version, ".")+1]
	var out map[string][]string
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), minor) {
			continue
		}
		text, err := optionFiles.ReadFile("options/" + entry.Name())
		if err != nil {
			return nil
		}
		out = map[string][]string{}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			dot := strings.LastIndex(line, ".") // the names of sections have dots
			out[line[:dot]] = append(out[line[:dot]], line[dot+1:])
		}
	}
	return out
}

// checkOptions warns of options that this version of Airflow does not have, with
// those that are most like them. Sections may belong to providers that are only in
// the user's image.
func checkOptions(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	known := knownOptions(m.version())
	if known == nil {
		return nil
	}
	for _, section := range slices.Sorted(maps.Keys(m.Config)) {
		at := path.Root("config").AtMapKey(section)
		options, there := known[section]
		if strings.HasSuffix(section, "_options") || strings.HasSuffix(section, "_configs") {
			continue // for what they are passed on to, which takes more than Airflow lists
		}
		if !there {
			if like := nearest(section, slices.Collect(maps.Keys(known))); like != "" {
				diags.AddAttributeWarning(at, "Airflow may have no such section", fmt.Sprintf("Airflow %s has no section %q, and ignores what is in it unless a provider reads it. Did you mean %q?", m.version(), section, like))
			}
			continue
		}
		for _, option := range slices.Sorted(maps.Keys(m.Config[section])) {
			name := strings.TrimSuffix(strings.TrimSuffix(option, "_cmd"), "_secret")
			if slices.Contains(options, option) || slices.Contains(options, name) {
				continue
			}
			hint := ""
			if like := nearest(option, options); like != "" {
				hint = fmt.Sprintf(" Did you mean %q?", like)
			}
			diags.AddAttributeWarning(at.AtMapKey(option), "Airflow has no such option", fmt.Sprintf("Airflow %s has no option %q in section %q, and ignores it.%s", m.version(), option, section, hint))
		}
	}
	return diags
}

// nearest is the name with the fewest edits, "" where none is near.
func nearest(name string, names []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, candidate := range slices.Sorted(slices.Values(names)) {
		if d := distance(name, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance is that of Levenshtein: how many letters to insert, delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
