package main

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
)

func TestEveryFileRenders(t *testing.T) {
	values := map[string]any{
		"Dir": "/cluster", "Cgroup": "anc1", "NodeName": nodeName, "Arch": "amd64", "Addresses": addressesOf(1),
		"PauseImage": pauseImage, "CoreDNSImage": coreDNSImage, "MetricsImage": metricsImage, "KubeletSelfSigned": true,
		"Cluster": "analytics-1", "Server": "https://10.88.1.2:6443", "User": "admin", "CA": "Y2E=", "Cert": "Y2VydA==", "Key": "a2V5",
	}
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := render(path, values)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if strings.Contains(string(data), "{{") && !strings.Contains(string(data), "[[{") {
			t.Errorf("%s: a template is left in:\n%s", path, data)
		}
		if strings.HasSuffix(path, ".conflist") && !json.Valid(data) {
			t.Errorf("%s is no JSON:\n%s", path, data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAValueThatIsMissingIsAnError(t *testing.T) {
	if data, err := render("config/kubeconfig.yaml", map[string]string{"Cluster": "analytics-1"}); err == nil {
		t.Errorf("rendered without a server:\n%s", data)
	}
}
