package acctest

import (
	"archive/zip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

func TestSpilled(t *testing.T) {
	const secret = "Env0Nasturtium7Quagmire"
	for _, before := range []string{"", "a", "ab", "abc", "{\"a\":\""} {
		for _, after := range []string{"", "x", "yz"} {
			text := before + secret + after
			for form, written := range map[string]string{
				"in clear": text, "in hex": hex.EncodeToString([]byte(text)),
				"in base64": base64.StdEncoding.EncodeToString([]byte(text)),
			} {
				if got := Spilled("x "+written, secret); got != form {
					t.Errorf("%q is found %q, not %q", written, got, form)
				}
			}
		}
	}
	if form := Spilled("Env0Nasturtium7 RW52ME5hc3R1cnRpdW", secret); form != "" {
		t.Errorf("what is not there is found %q", form)
	}
}

// leaves returns the strings of a JSON document by their path.
func leaves(t *testing.T, document string) map[string]string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(document), &value); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		switch v := value.(type) {
		case string:
			out[path] = v
		case []any:
			for i, element := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), element)
			}
		case map[string]any:
			for name, member := range v {
				out[path+"."+name+" (name)"] = name
				walk(path+"."+name, member)
			}
		}
	}
	walk("", value)
	return out
}

// archived returns the files of a zip archive, which a plan file is, but for the
// configuration that it takes along.
func archived(t *testing.T, file string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close() //nolint:errcheck // only read
	out := map[string]string{}
	for _, f := range archive.File {
		if strings.HasPrefix(f.Name, "tfconfig/") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(content)
	}
	return out
}

// visible returns all that the namespace holds as JSON, but for Secrets.
func (s *stand) visible() map[string]string {
	s.t.Helper()
	lists, err := s.cluster.Discovery().ServerPreferredNamespacedResources()
	if err != nil {
		s.t.Fatal(err)
	}
	config := rest.CopyConfig(s.cluster.Config)
	config.WarningHandler = rest.NoWarnings{} // about kinds that are deprecated
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]string{}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, r := range list.APIResources {
			if r.Name == "secrets" || !slices.Contains(r.Verbs, "list") || strings.Contains(r.Name, "/") {
				continue
			}
			found, err := client.Resource(version.WithResource(r.Name)).Namespace(s.namespace).List(s.t.Context(), metav1.ListOptions{})
			if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) || apierrors.IsServiceUnavailable(err) {
				continue
			}
			if err != nil {
				s.t.Fatalf("%s: %v", r.Name, err)
			}
			for _, item := range found.Items {
				content, err := item.MarshalJSON()
				if err != nil {
					s.t.Fatal(err)
				}
				out[r.Kind+"/"+item.GetName()] = string(content)
			}
		}
	}
	return out
}

// TestAccCLISecrets looks for secrets of every origin wherever the CLI, the
// provider and the cluster write something down.
func TestAccCLISecrets(t *testing.T) {
	s := newStand(t)
	p := newProxy(t, s.cluster)
	// Letters and digits, so that no encoding changes how they are written.
	secrets := map[string]string{
		"env": "Env0Nasturtium7Quagmire", "plain": "Plain1Haberdasher8Zephyr", "written": "Written2Marzipan9Gossamer",
		"copied": "Copied3Periwinkle5Bramble", "token": "Token4Juniper6Labyrinth",
	}
	// Terraform itself keeps what an attribute of the configuration holds, with a
	// mark. Nothing else may hold it.
	inputs := map[string]*regexp.Regexp{
		"env":   regexp.MustCompile(`(\.env\.PW|^\.variables\.env\.value)$`),
		"plain": regexp.MustCompile(`(\.credentials\.plain|^\.variables\.plain\.value)$`),
	}
	source := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "source"}, StringData: map[string]string{"token": secrets["copied"]}}
	if _, err := s.cluster.CoreV1().Secrets(s.namespace).Create(t.Context(), source, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	variables := func() {
		s.Env = []string{"TF_LOG=TRACE", "TF_LOG_PATH=trace.log"}
		for _, name := range []string{"env", "plain", "written", "token"} {
			s.Env = append(s.Env, "TF_VAR_"+name+"="+secrets[name])
		}
	}
	variables()
	s.connection = fmt.Sprintf("host = %q\ntoken = var.token\ncluster_ca_certificate = %q", p.URL, p.authority())
	configure := func(version int) {
		s.fixture(fmt.Sprintf(`
  env         = { PW = var.env, OPEN = "yes" }
  credentials = { plain = var.plain, password_wo = var.written, password_wo_version = "%[1]d", rotate = "%[1]d" }
  copied      = { namespace = %[2]q, secret = "source", key = "token" }
  job         = { script = "test -n $PW" }`, version, s.namespace), `
variable "env" { sensitive = true }
variable "plain" { sensitive = true }
variable "written" { ephemeral = true }
variable "token" {
  ephemeral = true
  sensitive = true
}`)
	}

	search := func(where, text string, names ...string) {
		t.Helper()
		for name, secret := range secrets {
			if form := Spilled(text, secret); form != "" && !slices.Contains(names, name) {
				at := strings.Index(text, secret)
				t.Errorf("%s holds the secret %q %s: …%.300s", where, name, form, text[max(0, at-150):])
			}
		}
	}
	searchJSON := func(where, document string) {
		t.Helper()
		for path, text := range leaves(t, document) {
			var allowed []string
			for name, at := range inputs {
				if at.MatchString(path) {
					allowed = append(allowed, name)
				}
			}
			search(where+" at "+path, text, allowed...)
		}
	}
	round := func() {
		t.Helper()
		plan := s.Plan("-out=plan").Succeeds().Says("(env.PW, revision", "(write-only, revision", "(generated, revision")
		search("the plan", plan.Output)
		for name, content := range archived(t, filepath.Join(s.Dir, "plan")) {
			search("the plan file's "+name, content, "env", "env before", "plain")
		}
		search("the shown plan", s.Run("show", "-no-color", "plan").Succeeds().Output)
		searchJSON("the plan's JSON", s.Run("show", "-json", "plan").Succeeds().Stdout)
		search("the apply", s.Run("apply", "-no-color", "plan").Succeeds().Output)
		if data := s.secret("it-env").Data; string(data["PW"]) != secrets["env"] {
			t.Fatal("the Secret does not hold the environment variable: the test proves nothing")
		}
		data := s.secret("it-credentials").Data
		if string(data["plain"]) != secrets["plain"] || string(data["password"]) != secrets["written"] || string(s.secret("it-copied").Data["token"]) != secrets["copied"] {
			t.Fatal("the Secrets do not hold what they should: the test proves nothing")
		}
		if before := secrets["generated"]; before != "" {
			if before == s.credential() {
				t.Error("the generated value was not rotated")
			}
			secrets["generated before"] = before
		}
		secrets["generated"] = s.credential()
		s.PlansNothing()
		search("the shown state", s.Run("show", "-no-color").Succeeds().Output)
		searchJSON("the state's JSON", s.Run("show", "-json").Succeeds().Stdout)
		searchJSON("the state", s.ReadFile("terraform.tfstate"))
		for name, content := range s.visible() {
			search(name, content)
		}
		search("the log", s.ReadFile("trace.log"))
	}

	configure(1)
	round()
	// A write-only value is not sent before its version says so.
	sent := secrets["written"]
	secrets["written"] = "Later5Saffron3Whirligig"
	variables()
	s.PlansNothing()
	if string(s.secret("it-credentials").Data["password"]) != sent {
		t.Error("the write-only value was sent")
	}
	secrets["sent before"] = sent
	secrets["env before"], secrets["env"] = secrets["env"], "Env6Thistledown2Cobalt"
	inputs["env before"] = inputs["env"]
	variables()
	configure(2)
	plan := s.Plan().Succeeds()
	plan.Says("(env.PW, revision 1)", "(env.PW, revision 2)").SaysNot("(env.OPEN, revision 2)", "(credentials.plain, revision 2)")
	_ = os.Remove(filepath.Join(s.Dir, "trace.log"))
	round()
	if !strings.Contains(s.ReadFile("trace.log"), "Applying a stage") {
		t.Error("the provider's log is missing: the test proves nothing")
	}
	if _, there := s.visible()["Deployment/it"]; !there {
		t.Error("the Deployment was not searched: the test proves nothing")
	}
}

// TestAccSecretsInLogs has a pod write its secrets before it fails. The diagnostic
// with its last lines has the names of the secrets instead.
func TestAccSecretsInLogs(t *testing.T) {
	s := newStand(t)
	key := "-----BEGIN PRIVATE KEY-----\nTm90aGluZ1RvU2VlSGVyZQ\n-----END PRIVATE KEY-----\n"
	foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "foreign"}, StringData: map[string]string{"token": "Foreign3Periwinkle5Bramble", "tls.key": key}}
	if _, err := s.cluster.CoreV1().Secrets(s.namespace).Create(t.Context(), foreign, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s.fixture(`
  env              = { PW = "Env0Nasturtium7Quagmire", OPEN = "yes" }
  env_from_secrets = ["foreign"]
  volumes          = { keys = { secret = { name = "foreign" }, mounts = [{ path = "/keys" }] } }
  job              = { script = <<-EOT
    echo "PW is $PW, token is $token, OPEN is $OPEN"
    echo "encoded: $(printf %s "$PW" | base64)"
    cat /keys/tls.key
    exit 1
  EOT
  }`)
	r := s.Apply().Fails().Says("PW is (PW of Secret it-env), token is (token of Secret foreign), OPEN is yes", "encoded: (PW of Secret it-env, in base64)",
		"(tls.key of Secret foreign)")
	_, diagnostic, _ := strings.Cut(r.Output, "Error:")
	for _, secret := range []string{"Env0Nasturtium7Quagmire", "Foreign3Periwinkle5Bramble", "Tm90aGluZ1RvU2VlSGVyZQ"} {
		if form := Spilled(diagnostic, secret); form != "" {
			t.Errorf("the diagnostic holds %s %s", secret, form)
		}
	}
}
