package mlflow

import (
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Keys of the Secrets.
const (
	userKey       = "username"
	passwordKey   = "password"
	encryptionKey = "encryption_passphrase"
	sessionKey    = "session_key"
)

// Lengths of generated values.
const (
	keyLength      = 64
	passwordLength = 32
)

func secret(n names, part string, data map[string]workload.SecretValue) workload.Object {
	return workload.Object{
		Key: "Secret/" + part, Stage: workload.StageIdentity, Data: data,
		Manifest: corev1ac.Secret(n.of(part), n.env.Namespace).WithType(corev1.SecretTypeOpaque),
	}
}

// keysSecret holds the keys with which MLflow signs sessions, and encrypts what users
// entrust it with.
func keysSecret(n names) workload.Object {
	o := secret(n, "keys", map[string]workload.SecretValue{
		encryptionKey: workload.Generated(keyLength, ""),
		sessionKey:    workload.Generated(keyLength, ""),
	})
	// What the database holds is encrypted with it.
	o.Keep = true
	return o
}

// account is a Secret with name and password of a user, and once more under the names
// of the variables that clients read.
func account(n names, part, name string, password workload.SecretValue, label string) workload.Object {
	o := secret(n, part, map[string]workload.SecretValue{
		userKey: workload.Plain(name), passwordKey: password,
		connection.TrackingUsername: workload.Template("%s", userKey),
		connection.TrackingPassword: workload.Template("%s", passwordKey),
	})
	o.Keep = true
	o.Mask = map[string]string{"data[" + userKey + "]": label}
	return o
}

func adminSecret(m *Model, n names) workload.Object {
	admin := ptr.Deref(m.Admin, Admin{})
	return account(n, "admin", admin.user(), admin.Value(passwordLength), "admin.user")
}

func (a Admin) user() string { return ptr.Deref(a.User, "admin") }

// identity says which administrator with which password is meant, without a secret.
func (a Admin) identity() string {
	return a.user() + "/" + a.Identity()
}
