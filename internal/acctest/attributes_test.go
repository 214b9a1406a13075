package acctest

import (
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// attributeCase changes one attribute of a resource.
type attributeCase struct {
	// before is the configuration that it is changed in, beside name and
	// namespace; the table's default where it is empty.
	before string
	// with is added to the default; with before, it takes its place.
	with string
	// changes lists what differs in objects then, as "KEY LEAF". "*" stands for
	// any text without a slash, "**" as KEY for every object.
	changes []string
	// replaces says that the resource is replaced; its change is only planned then.
	replaces bool
	// oneWay says that the change cannot be undone in place.
	oneWay bool
}

// configurations returns the HCL before and after the change.
func (c attributeCase) configurations(standard string) (before, after string) {
	if c.before != "" {
		return c.before, c.with
	}
	return standard, standard + "\n" + c.with
}

// attributeCases has a table for every resource of the provider.
var attributeCases = map[string]map[string]attributeCase{
	"analytics_airflow":              airflowCases(),
	"analytics_automation":           automationCases(),
	"analytics_fixture":              fixtureCases(),
	"analytics_ingestion":            ingestionCases(),
	"analytics_minio":                minioCases(),
	"analytics_mlflow":               mlflowCases(),
	"analytics_spark_connect":        sparkConnectCases(),
	"analytics_spark_history_server": sparkHistoryCases(),
	"analytics_spark_job":            sparkCases(),
	"analytics_workspace":            workspaceCases(),
}

// TestEveryAttributeHasACase fails for an attribute that the tables below do not
// know, and for a case whose attribute is gone.
func TestEveryAttributeHasACase(t *testing.T) {
	for name, s := range schemas(t.Context()) {
		configurable := map[string]bool{}
		collect("", s.Attributes, configurable)
		for attribute := range configurable {
			if !covered(attributeCases[name], attribute) {
				t.Errorf("%s: attribute %s has no case in attributeCases", name, attribute)
			}
		}
		for attribute := range attributeCases[name] {
			if group, isGroup := strings.CutSuffix(attribute, ".*"); isGroup {
				for known := range configurable {
					configurable[attribute] = configurable[attribute] || strings.HasPrefix(known, group+".")
				}
			}
			if !configurable[attribute] {
				t.Errorf("%s: the case %s is about no attribute", name, attribute)
			}
		}
	}
}

// covered reports whether an attribute has a case of its own, or is named in the
// configuration of a case "GROUP.*" for all that is below GROUP.
func covered(cases map[string]attributeCase, attribute string) bool {
	if _, ok := cases[attribute]; ok {
		return true
	}
	steps := strings.Split(attribute, ".")
	for i := range steps {
		c, ok := cases[strings.Join(steps[:i], ".")+".*"]
		if ok && regexp.MustCompile(`\b`+steps[len(steps)-1]+`\b`).MatchString(c.with) {
			return true
		}
	}
	return false
}

// schemas are those of all resources, by type.
func schemas(ctx context.Context) map[string]schema.Schema {
	out := map[string]schema.Schema{}
	for _, construct := range NewProvider().Resources(ctx) {
		r := construct()
		var meta resource.MetadataResponse
		r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "analytics"}, &meta)
		var s resource.SchemaResponse
		r.Schema(ctx, resource.SchemaRequest{}, &s)
		out[meta.TypeName] = s.Schema
	}
	return out
}

// collect notes the paths of the attributes that a configuration can set and that
// have no attributes below them.
func collect(prefix string, attributes map[string]schema.Attribute, into map[string]bool) {
	for name, a := range attributes {
		if a.IsComputed() && !a.IsOptional() {
			continue
		}
		at := prefix + name
		switch nested := a.(type) {
		case schema.SingleNestedAttribute:
			collect(at+".", nested.Attributes, into)
		case schema.ListNestedAttribute:
			collect(at+".", nested.NestedObject.Attributes, into)
		case schema.MapNestedAttribute:
			collect(at+".", nested.NestedObject.Attributes, into)
		case schema.SetNestedAttribute:
			collect(at+".", nested.NestedObject.Attributes, into)
		default:
			into[at] = true
		}
	}
}

// TestAccAttributesOfTheFixture applies the change of each attribute: objects shows
// exactly its leaves, and the plan after each apply is empty. Every case has a
// resource of its own, so that few runs of the CLI prove all.
func TestAccAttributesOfTheFixture(t *testing.T) {
	t.Parallel()
	c := Connect(t)
	namespace, other := c.Namespace(t), c.Namespace(t)
	for _, at := range [][2]string{{namespace, "source"}, {namespace, "other"}, {other, "source"}} {
		_, err := c.CoreV1().Secrets(at[0]).Create(t.Context(), &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: at[1]}, StringData: map[string]string{"a": "1", "b": "2"},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	tokens := strings.NewReplacer(namespaceToken, namespace, otherNamespaceToken, other)
	w := NewWorkspace(t)
	cases := attributeCases["analytics_fixture"]
	configure := func(after, reverting bool) {
		var b strings.Builder
		fmt.Fprintf(&b, "provider \"analytics\" {\n  config_path = %q\n}\n", c.Kubeconfig)
		for i, attribute := range slices.Sorted(maps.Keys(cases)) {
			if cases[attribute].replaces {
				continue
			}
			before, text := cases[attribute].configurations(fixtureStandard)
			if !after && (!reverting || !cases[attribute].oneWay) {
				text = before
			}
			fmt.Fprintf(&b, "# %s\nresource \"analytics_fixture\" \"case_%d\" {\n  name = \"c%d\"\n  namespace = %q\n%s\n}\n", attribute, i, i, namespace, tokens.Replace(text))
		}
		w.Configure("%s", b.String())
	}
	addresses := map[string]string{}
	for i, attribute := range slices.Sorted(maps.Keys(cases)) {
		addresses[fmt.Sprintf("analytics_fixture.case_%d", i)] = attribute
	}
	configure(false, false)
	w.Apply("-parallelism=20").Succeeds()
	w.PlansNothing("-parallelism=20")
	for _, after := range []bool{true, false} {
		configure(after, !after)
		plan, _ := w.PlanFile("-parallelism=20")
		for _, change := range plan.ResourceChanges {
			attribute := addresses[change.Address]
			if !after && cases[attribute].oneWay {
				continue
			}
			if !change.Change.Actions.Update() {
				t.Errorf("%s: the plan is to %v", attribute, change.Change.Actions)
				continue
			}
			compareChanges(t, attribute, cases[attribute].changes, differences(objectsOf(change.Change.Before), objectsOf(change.Change.After)))
			reportUnknown(t, attribute, change.Change)
		}
		w.Apply("-parallelism=20", "plan").Succeeds()
		w.PlansNothing("-parallelism=20")
	}
	w.Destroy("-parallelism=20", "-refresh=false").Succeeds()
}

// TestAccAttributesOfMinIO plans the attributes of a MinIO.
func TestAccAttributesOfMinIO(t *testing.T) {
	t.Parallel()
	planAttributes(t, "analytics_minio", minioStandard)
}

// TestAccAttributesOfAirflow plans the attributes of an Airflow.
func TestAccAttributesOfAirflow(t *testing.T) {
	t.Parallel()
	planAttributes(t, "analytics_airflow", "")
}

// TestAccAttributesOfMLflow plans the attributes of an MLflow.
func TestAccAttributesOfMLflow(t *testing.T) {
	t.Parallel()
	planAttributes(t, "analytics_mlflow", mlflowStandard)
}

// TestAccAttributesOfSparkJob plans the attributes of a Spark job.
func TestAccAttributesOfSparkJob(t *testing.T) {
	t.Parallel()
	planAttributes(t, "analytics_spark_job", sparkStandard)
}

// TestAccAttributesOfSparkServers plans the attributes of what runs all the time.
func TestAccAttributesOfSparkServers(t *testing.T) {
	t.Parallel()
	for name, standard := range map[string]string{"analytics_spark_connect": "", "analytics_spark_history_server": historyStandard} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			planAttributes(t, name, standard)
		})
	}
}

// planAttributes plans each attribute of a resource that does not exist: what
// differs from the plan without the attribute is exactly its leaves.
func planAttributes(t *testing.T, resource, standard string) {
	t.Helper()
	c := Connect(t)
	w := NewWorkspace(t)
	w.Timeout = 15 * time.Minute // a busy machine renders hundreds of resources slowly
	cases := attributeCases[resource]
	var b strings.Builder
	fmt.Fprintf(&b, "provider \"analytics\" {\n  config_path = %q\n  plan_checks = \"off\"\n}\n", c.Kubeconfig)
	attributes := slices.Sorted(maps.Keys(cases))
	// Many cases begin with the same configuration.
	addresses := map[string]string{}
	for _, attribute := range attributes {
		if cases[attribute].replaces {
			continue
		}
		before, after := cases[attribute].configurations(standard)
		for _, text := range []string{before, after} {
			if addresses[text] == "" {
				name := fmt.Sprintf("case_%d", len(addresses))
				addresses[text] = resource + "." + name
				fmt.Fprintf(&b, "# %s\nresource %q %q {\n  name = \"it\"\n  namespace = \"data\"\n%s\n}\n", attribute, resource, name, text)
			}
		}
	}
	w.Configure("%s", b.String())
	plan, _ := w.PlanFile()
	objects := map[string]map[string]map[string]string{}
	for _, change := range plan.ResourceChanges {
		objects[change.Address] = objectsOf(change.Change.After)
	}
	for _, attribute := range attributes {
		if cases[attribute].replaces {
			continue
		}
		before, after := cases[attribute].configurations(standard)
		compareChanges(t, attribute, cases[attribute].changes, differences(objects[addresses[before]], objects[addresses[after]]))
	}
}

// TestAccAttributesThatReplace plans the change of those attributes that replace the
// resource.
func TestAccAttributesThatReplace(t *testing.T) {
	t.Parallel()
	c := Connect(t)
	namespace := c.Namespace(t)
	w := NewWorkspace(t)
	configure := func(name, namespace string) {
		w.Configure("provider \"analytics\" {\n  config_path = %q\n  plan_checks = \"off\"\n}\nresource \"analytics_fixture\" \"it\" {\n  name = %q\n  namespace = %q\n  replicas = 0\n}\n", c.Kubeconfig, name, namespace)
	}
	configure("it", namespace)
	w.Apply().Succeeds()
	for _, test := range [][2]string{{"other", namespace}, {"it", "other"}} {
		configure(test[0], test[1])
		plan, _ := w.PlanFile()
		if !plan.ResourceChanges[0].Change.Actions.Replace() {
			t.Errorf("%v: the plan is to %v", test, plan.ResourceChanges[0].Change.Actions)
		}
	}
}

// objectsOf is the attribute objects of a value of a plan.
func objectsOf(value any) map[string]map[string]string {
	attributes, _ := value.(map[string]any)
	objects, _ := attributes["objects"].(map[string]any)
	out := map[string]map[string]string{}
	for key, leaves := range objects {
		out[key] = map[string]string{}
		members, _ := leaves.(map[string]any)
		for leaf, text := range members {
			out[key][leaf] = fmt.Sprint(text)
		}
	}
	return out
}

// differences lists the leaves that differ, as "KEY LEAF".
func differences(before, after map[string]map[string]string) []string {
	var out []string
	for key := range keysOf(before, after) {
		for leaf := range keysOf(before[key], after[key]) {
			was, wasThere := before[key][leaf]
			is, isThere := after[key][leaf]
			if was != is || wasThere != isThere {
				out = append(out, key+" "+leaf)
			}
		}
	}
	slices.Sort(out)
	return out
}

func keysOf[V any](maps ...map[string]V) map[string]bool {
	out := map[string]bool{}
	for _, m := range maps {
		for key := range m {
			out[key] = true
		}
	}
	return out
}

// compareChanges reports differences that no pattern allows, and patterns without
// a difference.
func compareChanges(t testing.TB, attribute string, want, got []string) {
	t.Helper()
	matched := map[string]bool{}
	for _, difference := range got {
		found := false
		for _, pattern := range want {
			if matches(pattern, difference) {
				matched[pattern] = true
				found = true
			}
		}
		if !found {
			t.Errorf("%s changes %s, which it must not", attribute, difference)
		}
	}
	for _, pattern := range want {
		if !matched[pattern] {
			t.Errorf("%s does not change %s", attribute, pattern)
		}
	}
}

// matches compares a difference with a pattern of an attributeCase.
func matches(pattern, difference string) bool {
	wantKey, wantLeaf, _ := strings.Cut(pattern, " ")
	key, leaf, _ := strings.Cut(difference, " ")
	escape := strings.NewReplacer("[", `\[`, "]", `\]`).Replace
	keyOK, _ := path.Match(escape(wantKey), key)
	// A leaf has slashes, and "*" shall stand for these too.
	flat := strings.NewReplacer("/", "\x00").Replace
	leafOK, _ := path.Match(escape(flat(wantLeaf)), flat(leaf))
	return (wantKey == "**" || keyOK) && leafOK
}

// reportUnknown fails for leaves of objects that are not known although all of
// the configuration is.
func reportUnknown(t *testing.T, attribute string, change *tfjson.Change) {
	t.Helper()
	unknown, _ := change.AfterUnknown.(map[string]any)
	if objects, isMap := unknown["objects"].(map[string]any); !isMap && unknown["objects"] != nil {
		t.Errorf("%s makes objects unknown", attribute)
	} else {
		for key, leaves := range objects {
			if members, isMap := leaves.(map[string]any); !isMap || len(members) > 0 {
				t.Errorf("%s makes leaves of %s unknown: %v", attribute, key, leaves)
			}
		}
	}
}
