package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	const (
		answers = "#!/bin/sh\necho 29.1\n"
		refuses = "#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2; exit 1\n"
	)
	for name, c := range map[string]struct {
		named, made, docker, profile, want string
	}{
		"a named cluster comes first":  {named: "/k", made: kindKind, docker: answers, want: "main.external"},
		"then what was made":           {made: kindKind, docker: refuses, want: "main.kindCluster"},
		"also when Docker came later":  {made: kindEmbedded, docker: answers, want: "main.embedded"},
		"then kind, where Docker is":   {docker: answers, want: "main.kindCluster"},
		"which has no profile api":     {docker: answers, profile: profileAPI, want: "main.embedded"},
		"else the embedded one":        {docker: refuses, want: "main.embedded"},
		"also where no docker is":      {want: "main.embedded"},
		"a folder of something else":   {made: "minikube", want: "no kind of cluster"},
		"a folder that was left empty": {made: " ", want: "no kind of cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("ANALYTICS_CACHE", dir)
			t.Setenv("ANALYTICS_KUBECONFIG", c.named)
			t.Setenv("PATH", dir)
			if c.docker != "" {
				if err := os.WriteFile(filepath.Join(dir, "docker"), []byte(c.docker), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if c.made != "" {
				if err := remember(filepath.Join(dir, "clusters", "3"), c.made); err != nil {
					t.Fatal(err)
				}
			}
			got, err := options{id: 3, profile: c.profile}.choose(t.Context())
			if text := fmt.Sprintf("%T %v", got, err); !strings.Contains(text, c.want) {
				t.Errorf("got %s, want %s", text, c.want)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		options options
		want    string
	}{
		{options{}, ""},
		{options{id: maxID, profile: profileAPI}, ""},
		{options{id: maxID + 1}, "from 0 to 63"},
		{options{id: -1}, "from 0 to 63"},
		{options{profile: "kwok"}, `"node" or "api", not "kwok"`},
	} {
		if got := fmt.Sprint(c.options.validate()); !strings.Contains(got, c.want) {
			t.Errorf("%+v: %s", c.options, got)
		}
	}
}
