package airflow

import (
	"strings"
	"testing"
)

func TestWarnOfImportErrors(t *testing.T) {
	if diags := warnOfImportErrors(&Model{}); len(diags) != 0 {
		t.Errorf("without errors there is %v", diags)
	}
	m := &Model{ImportErrors: map[string]string{"a.py": "Traceback (most recent call last):\n  File \"a.py\"\nModuleNotFoundError: No module named 'pandas'\n"}}
	for _, name := range []string{"b", "c", "d", "e", "f", "team/g"} {
		m.ImportErrors[name+".py"] = "SyntaxError: invalid syntax"
	}
	diags := warnOfImportErrors(m)
	if len(diags) != 1 || diags.HasError() {
		t.Fatalf("there is %v", diags)
	}
	for _, want := range []string{"a.py: ModuleNotFoundError: No module named 'pandas'\n", "e.py: SyntaxError", "and 2 more"} {
		if detail := diags[0].Detail(); !strings.Contains(detail, want) {
			t.Errorf("the warning lacks %q: %s", want, detail)
		}
	}
	if strings.Contains(diags[0].Detail(), "Traceback") {
		t.Errorf("the warning has more than the last line: %s", diags[0].Detail())
	}
}

func TestParsedFiles(t *testing.T) {
	m := &Model{DAGs: map[string]string{
		"flow.py": "from airflow.sdk import dag\n", "helper.py": "def add(): pass\n", "notes.txt": "airflow dag\n",
	}}
	if got := m.parsedFiles(); len(got) != 1 || got[0] != "flow.py" {
		t.Errorf("got %v, want flow.py alone", got)
	}
}
