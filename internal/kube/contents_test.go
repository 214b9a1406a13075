package kube

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestContents(t *testing.T) {
	list := func(items ...string) func(http.ResponseWriter, int) {
		return reply(200, `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","items":[`+strings.Join(items, ",")+`]}`)
	}
	item := func(name, more string) string { return fmt.Sprintf(`{"metadata":{"name":%q%s}}`, name, more) }
	kinds := func(resources ...string) func(http.ResponseWriter, int) {
		return reply(200, `{"kind":"APIResourceList","resources":[`+strings.Join(resources, ",")+`]}`)
	}
	kind := func(name, kind, verbs string, namespaced bool) string {
		return fmt.Sprintf(`{"name":%q,"kind":%q,"namespaced":%t,"verbs":[%s]}`, name, kind, namespaced, verbs)
	}
	const stored = `"create","list","delete"`
	answers := map[string]func(http.ResponseWriter, int){
		"GET /apis": reply(200, `{"kind":"APIGroupList","groups":[{"name":"batch","preferredVersion":{"groupVersion":"batch/v1"}},
			{"name":"metrics.k8s.io","preferredVersion":{"groupVersion":"metrics.k8s.io/v1beta1"}},{"name":"away","preferredVersion":{"groupVersion":"away/v1"}}]}`),
		"GET /api/v1": kinds(kind("configmaps", "ConfigMap", stored, true), kind("pods", "Pod", stored, true), kind("pods/log", "Pod", `"get"`, true),
			kind("nodes", "Node", stored, false), kind("serviceaccounts", "ServiceAccount", stored, true), kind("events", "Event", stored, true), kind("secrets", "Secret", stored, true)),
		"GET /apis/batch/v1":                     kinds(kind("jobs", "Job", stored, true)),
		"GET /apis/metrics.k8s.io/v1beta1":       kinds(kind("pods", "PodMetrics", `"get","list"`, true)),
		"GET /apis/away/v1":                      failure(503, "ServiceUnavailable", "", "no endpoints available"),
		"GET /api/v1/namespaces/team/configmaps": list(item("kube-root-ca.crt", ""), item("notes", "")),
		"GET /api/v1/namespaces/team/pods": list(item("alone", ""), item("going", `,"deletionTimestamp":"2026-01-01T00:00:00Z"`),
			item("of-a-job", `,"ownerReferences":[{"kind":"Job","name":"x","uid":"u","controller":true}]`)),
		"GET /api/v1/namespaces/team/serviceaccounts": list(item("default", ""), item("ci", "")),
		"GET /api/v1/namespaces/team/events":          list(item("e", "")),
		"GET /api/v1/namespaces/team/secrets":         failure(403, "Forbidden", "secrets", `User "x" cannot list`),
		"GET /apis/batch/v1/namespaces/team/jobs":     list(),
	}
	c, _ := recorded(t, answers)
	objects, unlisted, err := c.Contents(t.Context(), "team")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range objects {
		got = append(got, o.Kind+"/"+o.Name)
	}
	if text := strings.Join(got, " "); text != "ConfigMap/notes Pod/alone ServiceAccount/ci" {
		t.Errorf("the namespace holds %s", text)
	}
	if text := strings.Join(unlisted, " "); text != "secrets" {
		t.Errorf("%q could not be listed", text)
	}

	// What cannot be listed for another reason may be anything.
	answers["GET /apis/batch/v1/namespaces/team/jobs"] = failure(400, "BadRequest", "jobs", "not like this")
	if _, _, err := c.Contents(t.Context(), "team"); err == nil {
		t.Error("a namespace of which a part could not be read counts as read")
	}
}
