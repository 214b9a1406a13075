package airflow

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	attributeImportErrors = "import_errors"
	// shownErrors is how many files a warning names.
	shownErrors = 5
	// pageSize is how many things the API is asked for at once.
	pageSize = 100
	// firstParse is how long the end of a creation waits for the DAG processor to have
	// read the files of dags.
	firstParse = 30 * time.Second
)

// importErrors tells of DAG files that Airflow cannot read. The DAG processor finds
// that out, some time after the apply that brought them.
func importErrors() *workload.Status[Model] {
	return &workload.Status[Model]{
		Attributes: []string{attributeImportErrors},
		Observe: func(ctx context.Context, m, prior *Model, reach workload.Reach) error {
			m.ImportErrors = nil
			if prior != nil {
				m.ImportErrors = prior.ImportErrors
			}
			if !m.administers() {
				m.ImportErrors = nil
				return nil
			}
			if serves, err := apiServes(ctx, reach); err != nil || !serves {
				return err
			}
			c, err := signIn(ctx, m, reach)
			if err != nil {
				return err
			}
			defer c.close()
			if prior == nil {
				c.awaitFirstParse(ctx, m)
			}
			found, err := c.importErrors(ctx)
			if err != nil {
				return err
			}
			m.ImportErrors = masked(ctx, found, m, reach)
			return nil
		},
		Warn: warnOfImportErrors,
	}
}

// apiServes reports whether an API server is ready. Where none is, others say why.
func apiServes(ctx context.Context, reach workload.Reach) (bool, error) {
	live, err := reach.Object(ctx, "Deployment/"+apiServer)
	if err != nil || live == nil {
		return false, err
	}
	ready, _, err := unstructured.NestedInt64(live.Object, "status", "readyReplicas")
	return ready > 0, err
}

// importErrors lists the errors by file: the path in the bundle, behind the name of the
// bundle unless it is the DAG folder.
func (c *client) importErrors(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for offset, total := 0, 1; offset < total; offset += pageSize {
		var page struct {
			Errors []struct {
				File   string `json:"filename"`
				Bundle string `json:"bundle_name"`
				Trace  string `json:"stack_trace"`
			} `json:"import_errors"`
			Total int `json:"total_entries"`
		}
		if err := c.list(ctx, "/api/v2/importErrors", offset, &page); err != nil {
			return nil, err
		}
		for _, e := range page.Errors {
			file := e.File
			if e.Bundle != "" && e.Bundle != folderBundle {
				file = e.Bundle + "/" + file
			}
			out[file] = strings.TrimSpace(e.Trace)
		}
		total = page.Total
	}
	return out, nil
}

// files lists the paths of those DAG files that Airflow has read.
func (c *client) files(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	for offset, total := 0, 1; offset < total; offset += pageSize {
		var page struct {
			DAGs []struct {
				File string `json:"relative_fileloc"`
			} `json:"dags"`
			Total int `json:"total_entries"`
		}
		if err := c.list(ctx, "/api/v2/dags", offset, &page); err != nil {
			return nil, err
		}
		for _, d := range page.DAGs {
			out[d.File] = true
		}
		total = page.Total
	}
	return out, nil
}

func (c *client) list(ctx context.Context, path string, offset int, page any) error {
	query := url.Values{"limit": {fmt.Sprint(pageSize)}, "offset": {fmt.Sprint(offset)}}
	return c.send(ctx, http.MethodGet, path+"?"+query.Encode(), nil, page)
}

// awaitFirstParse waits until Airflow has read the files of dags, or for as long as
// that should take: a file without a DAG is never told of.
func (c *client) awaitFirstParse(ctx context.Context, m *Model) {
	ctx, cancel := context.WithTimeout(ctx, firstParse)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		failed, errors := c.importErrors(ctx)
		read, missing := c.files(ctx)
		if errors == nil && missing == nil && !slices.ContainsFunc(m.parsedFiles(), func(name string) bool {
			_, broken := failed[name]
			return !broken && !read[name]
		}) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// parsedFiles are the inline files that Airflow looks for DAGs in: by default those that
// hold both words, in whichever case.
func (m *Model) parsedFiles() []string {
	var out []string
	for name, text := range m.DAGs {
		text = strings.ToLower(text)
		if strings.HasSuffix(name, ".py") && strings.Contains(text, "dag") && strings.Contains(text, "airflow") {
			out = append(out, name)
		}
	}
	return out
}

// masked returns the errors without the values of the Secrets of the pods that they
// come from.
func masked(ctx context.Context, errors map[string]string, m *Model, reach workload.Reach) map[string]string {
	if len(errors) == 0 {
		return errors
	}
	selector := names{resource: m.Name}.selector(dagProcessor)
	pods, err := reach.List(ctx, corev1.SchemeGroupVersion.WithKind("Pod"), labels.SelectorFromSet(selector).String())
	if err != nil {
		pods = nil
	}
	for _, live := range pods {
		pod := &corev1.Pod{}
		if runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, pod) != nil {
			continue
		}
		for file, text := range errors {
			errors[file] = reach.Masked(ctx, pod, text)
		}
		// All of them read the same Secrets.
		return errors
	}
	// Nobody can say what is secret in them.
	for file := range errors {
		errors[file] = "The DAG file cannot be imported. The log of the DAG processor says why."
	}
	return errors
}

// warnOfImportErrors names the files with the last line of what Python said of them.
func warnOfImportErrors(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	if len(m.ImportErrors) == 0 {
		return diags
	}
	var lines []string
	for _, file := range slices.Sorted(maps.Keys(m.ImportErrors)) {
		if len(lines) == shownErrors {
			lines = append(lines, fmt.Sprintf("and %d more", len(m.ImportErrors)-shownErrors))
			break
		}
		lines = append(lines, file+": "+lastLine(m.ImportErrors[file]))
	}
	diags.AddAttributeWarning(path.Root(attributeImportErrors), "DAG files cannot be imported",
		strings.Join(lines, "\n")+"\n\nAirflow goes on with what it knew of them before. "+attributeImportErrors+" has the whole of each error. "+
			"After a change of a file it takes up to two minutes until Airflow has read it anew.")
	return diags
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
