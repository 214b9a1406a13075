package airflow

import (
	"fmt"
	"strings"
	"testing"
)

func TestCheckOptions(t *testing.T) {
	for name, test := range map[string]struct {
		version, section, option string
		// want is what the warning says, "" where there is none.
		want string
	}{
		"known":                        {"", "core", "parallelism", ""},
		"of a provider":                {"", "celery", "worker_prefetch_multiplier", ""},
		"of a section with dots":       {"", "common.io", "xcom_objectstorage_path", ""},
		"by a command":                 {"", "celery", "broker_url_cmd", ""},
		"a typo":                       {"", "core", "paralelism", `Did you mean "parallelism"?`},
		"like none":                    {"", "core", "something_else_entirely", `no option "something_else_entirely" in section "core", and ignores it.`},
		"a section with a typo":        {"", "schedular", "parsing_processes", `Did you mean "scheduler"?`},
		"a section of somebody else":   {"", "my_company_plugin", "a", ""},
		"passed on":                    {"", "celery_broker_transport_options", "anything", ""},
		"new in 3.3":                   {"", "core", "mp_start_method", ""},
		"not there yet in 3.2":         {"3.2.1", "core", "allow_double_dot_in_ids", `Airflow 3.2.1 has no option "allow_double_dot_in_ids"`},
		"of a version without a list":  {"3.9.0", "core", "paralelism", ""},
		"of a version of 3.3 with one": {"3.3.9", "core", "paralelism", `Did you mean "parallelism"?`},
	} {
		t.Run(name, func(t *testing.T) {
			m := minimal()
			if test.version != "" {
				m.Version = &test.version
			}
			m.Config = map[string]map[string]string{test.section: {test.option: "1"}}
			_, diags := render(m, environment())
			if diags.HasError() {
				t.Fatal(diags)
			}
			if said := fmt.Sprint(diags); (len(diags) > 0) != (test.want != "") || !strings.Contains(said, test.want) {
				t.Errorf("got %s, want %q", said, test.want)
			}
		})
	}
}

func TestNearest(t *testing.T) {
	names := []string{"parallelism", "parsing_processes", "dags_folder"}
	for name, want := range map[string]string{"paralelism": "parallelism", "parallelism_": "parallelism", "dag_folder": "dags_folder", "xyz": "", "": ""} {
		if got := nearest(name, names); got != want {
			t.Errorf("nearest to %q is %q, want %q", name, got, want)
		}
	}
}
