package requirements

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

var (
	requirementName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?`)
	extras          = regexp.MustCompile(`^\s*\[\s*([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\s*,\s*[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)*)?\s*\]`)
	versionClause   = regexp.MustCompile(`^\s*(===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9][A-Za-z0-9.*+!_-]*\s*$`)
	hashOption      = regexp.MustCompile(`\s--hash[= ](\S+)`)
	hashForm        = regexp.MustCompile(`^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$`)
)

// requirement validates one requirement.
func requirement() validate.Text {
	return validate.Text{
		Allowed: `a package with its version such as "pandas==2.3.3", "boto3>=1.34,<2" or "pkg @ https://example.com/pkg.whl"`,
		Check:   checkRequirement,
		Forms:   [2]string{"standin-a", "standin-b"},
	}
}

func requirementsFile() validate.Text {
	return validate.Text{
		Allowed: "the content of a requirements file",
		Check: func(s string) error {
			found := false
			for number, line := range logicalLines(s) {
				if line == "" {
					continue
				}
				found = true
				if err := checkRequirement(line); err != nil {
					return fmt.Errorf("line %d: %w", number, err)
				}
			}
			if !found {
				return fmt.Errorf("it names no package")
			}
			return nil
		},
		Forms: [2]string{"standin-a", "standin-b"},
	}
}

// logicalLines gives the lines of a requirements file, by the number of the first
// of those that were joined, without comments.
func logicalLines(text string) func(func(int, string) bool) {
	return func(yield func(int, string) bool) {
		joined, first := "", 0
		for i, line := range strings.Split(text, "\n") {
			line = strings.TrimSuffix(line, "\r")
			if joined == "" {
				first = i + 1
			}
			if before, found := strings.CutSuffix(line, `\`); found {
				joined += before + " "
				continue
			}
			joined += line
			if !yield(first, strings.TrimSpace(withoutComment(joined))) {
				return
			}
			joined = ""
		}
		if joined != "" {
			yield(first, strings.TrimSpace(withoutComment(joined)))
		}
	}
}

// withoutComment cuts a comment off, which begins a line or follows white space.
func withoutComment(line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), "#") {
		return ""
	}
	for _, sign := range []string{" #", "\t#"} {
		line, _, _ = strings.Cut(line, sign)
	}
	return line
}

// checkRequirement reads a requirement by PEP 508, as far as a mistake in it can be
// told without its packages.
func checkRequirement(text string) error {
	for _, hash := range hashOption.FindAllStringSubmatch(text, -1) {
		if !hashForm.MatchString(hash[1]) {
			return fmt.Errorf("%q is no hash: give sha256: and 64 digits", hash[1])
		}
	}
	text = strings.TrimSpace(hashOption.ReplaceAllString(text, ""))
	switch {
	case text == "":
		return fmt.Errorf("it is empty")
	case strings.ContainsAny(text, "\n\r\x00"):
		return fmt.Errorf("it has several lines")
	case strings.HasPrefix(text, "-"):
		option, _, _ := strings.Cut(text, " ")
		return fmt.Errorf("the option %q cannot be used here: the index stands in index_url, and other files are not there", option)
	}
	name := requirementName.FindString(text)
	if name == "" || strings.HasPrefix(text, name+"/") {
		return fmt.Errorf("%q does not begin with the name of a package", text)
	}
	rest := text[len(name):]
	rest = rest[len(extras.FindString(rest)):]
	if address, found := strings.CutPrefix(strings.TrimSpace(rest), "@"); found {
		return checkAddress(strings.TrimSpace(address))
	}
	clauses, marker, marked := strings.Cut(rest, ";")
	if marked && strings.TrimSpace(marker) == "" {
		return fmt.Errorf("%q ends where a marker should be", text)
	}
	clauses = strings.TrimSpace(clauses)
	if inner, found := strings.CutPrefix(clauses, "("); found {
		clauses = strings.TrimSuffix(inner, ")")
	}
	if clauses == "" {
		return nil
	}
	for clause := range strings.SplitSeq(clauses, ",") {
		if !versionClause.MatchString(clause) {
			return fmt.Errorf("%q is no version: give one such as ==1.2.3 or >=1.2,<2", strings.TrimSpace(clause))
		}
	}
	return nil
}

func checkAddress(text string) error {
	address, _, _ := strings.Cut(text, " ")
	u, err := url.Parse(strings.TrimPrefix(address, "git+"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("what follows @ is no URL that begins with https://")
	case u.User != nil:
		return fmt.Errorf("the URL holds credentials: use index_url and index_credentials")
	}
	return nil
}
