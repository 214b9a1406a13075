package workload

import "testing"

func TestIgnore(t *testing.T) {
	web := "web"
	deployment := "Deployment"
	for name, test := range map[string]struct {
		rule Ignore
		path string
		want bool
	}{
		"the field":                    {Ignore{Path: "spec.replicas"}, "spec.replicas", true},
		"a field below":                {Ignore{Path: "spec.template"}, "spec.template.metadata.labels.a", true},
		"an element below":             {Ignore{Path: "spec.ports"}, "spec.ports[80/TCP].port", true},
		"a longer name":                {Ignore{Path: "spec.replicas"}, "spec.replicasTotal", false},
		"a field above":                {Ignore{Path: "spec.template.spec"}, "spec.template", false},
		"any element":                  {Ignore{Path: "spec.containers[*].image"}, "spec.containers[main].image", true},
		"another field of any element": {Ignore{Path: "spec.containers[*].image"}, "spec.containers[main].args[0]", false},
		"any key with dots":            {Ignore{Path: "metadata.annotations[*]"}, "metadata.annotations[example.com/restarted.at]", true},
		"the rest of a key":            {Ignore{Path: "metadata.annotations[example.com/*]"}, "metadata.annotations[example.com/restarted.at]", true},
		"the rest of another key":      {Ignore{Path: "metadata.annotations[example.com/*]"}, "metadata.annotations[example.org/restarted.at]", false},
		"any name with dots":           {Ignore{Path: "spec.hostAliases[*].hostnames"}, "spec.hostAliases[10.0.0.1].hostnames[0]", true},
		"any field":                    {Ignore{Path: "data.*"}, "data.a", true},
		"any field, and below":         {Ignore{Path: "spec.*.metadata"}, "spec.template.metadata.labels.a", true},
		"the rest of a name":           {Ignore{Path: "data.app-*"}, "data.app-config", true},
		"any field is one field":       {Ignore{Path: "spec.*.labels"}, "spec.template.metadata.labels", false},
		"its kind":                     {Ignore{Kind: &deployment, Path: "spec"}, "spec.replicas", true},
		"its name":                     {Ignore{Kind: &deployment, Name: &web, Path: "spec"}, "spec.replicas", true},
		"another kind":                 {Ignore{Kind: &web, Path: "spec"}, "spec.replicas", false},
		"another name":                 {Ignore{Name: &deployment, Path: "spec"}, "spec.replicas", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ignored([]Ignore{test.rule}, "Deployment", "web", test.path); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
