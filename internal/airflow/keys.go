package airflow

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Keys are those with which Airflow encrypts and signs. All are generated.
type Keys struct {
	Fernet  *Key `tfsdk:"fernet"`
	JWT     *Key `tfsdk:"jwt"`
	Session *Key `tfsdk:"session"`
}

// Key is one generated key.
type Key struct {
	Rotate *string `tfsdk:"rotate"`
}

// Keys of the Secret with Airflow's own keys.
const (
	// fernetSource is the present Fernet key without its "=", and fernetKey what Airflow
	// reads: that key, and behind it those of before.
	fernetSource = "fernet"
	fernetKey    = "fernet_key"
	jwtKey       = "jwt_secret"
	apiKey       = "api_secret_key"
)

// Lengths of generated keys. A Fernet key is 32 bytes in Base64, which is 43
// characters and a "=".
const (
	fernetLength = 43
	keyLength    = 64
)

const encryption = "rotate-fernet-key"

func keysAttribute() schema.Attribute {
	key := func(description string) schema.Attribute {
		return schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: description,
			Attributes: map[string]schema.Attribute{
				"rotate": schema.StringAttribute{Optional: true, MarkdownDescription: "Change it, to any text, to have a new key generated. The servers that read the key restart with it. Default: the first key stays."},
			},
		}
	}
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "The keys with which Airflow encrypts and signs. They are generated, and kept in the Secret `NAME-keys`, which outlives a destroy. Default: they stay as they are.",
		Attributes: map[string]schema.Attribute{
			"fernet": key("The Fernet key, which encrypts connections and variables in the database. After a rotation, a Job encrypts all of them anew. The former keys stay behind the new one, " +
				"so that nothing becomes unreadable, also when the apply is interrupted or an older backup is restored."),
			"jwt":     key("The key that signs the tokens of users and of running tasks. After a rotation, users sign in again, and tasks that run fail, and are tried again where they have retries."),
			"session": key("The key that signs sessions of the UI, and requests for the logs of running tasks. Celery workers read it too."),
		},
	}
}

// rotation is the text that says which key is wanted.
func (k *Key) rotation() string { return ptr.Deref(ptr.Deref(k, Key{}).Rotate, "") }

func (m *Model) keys() Keys { return ptr.Deref(m.Keys, Keys{}) }

// keysSecret holds the keys with which Airflow encrypts and signs.
func keysSecret(m *Model, n names) workload.Object {
	keys := m.keys()
	o := secret(n, "keys", map[string]workload.SecretValue{
		fernetSource: workload.Generated(fernetLength, keys.Fernet.rotation()),
		fernetKey:    workload.Keyring("%s=", fernetSource),
		jwtKey:       workload.Generated(keyLength, keys.JWT.rotation()),
		apiKey:       workload.Generated(keyLength, keys.Session.rotation()),
	})
	// What the database holds is encrypted with it.
	o.Keep = true
	return o
}

// encryptAnew renders the Job that encrypts the content of the database with the new
// Fernet key. It comes after the servers, which must be able to read what it writes;
// until then they read what is there with the former key.
func (r *renderer) encryptAnew() {
	rotation := r.m.keys().Fernet.rotation()
	if rotation == "" {
		return
	}
	container := corev1ac.Container().WithName(encryption).WithArgs("airflow", "rotate-fernet-key")
	r.job(pod.TemplateInput{Name: encryption, Container: container}, workload.StageLast, rotation, r.database.Identity, r.database.Restore)
}
