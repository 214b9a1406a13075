package airflow

import (
	"encoding/json"
	"strings"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Keys of the administrator's Secret.
const (
	userKey     = "username"
	passwordKey = "password"
)

// passwordLength is that of generated passwords.
const passwordLength = 32

func secret(n names, part string, data map[string]workload.SecretValue) workload.Object {
	return workload.Object{
		Key: "Secret/" + part, Stage: workload.StageIdentity, Data: data,
		Manifest: corev1ac.Secret(n.of(part), n.env.Namespace).WithType(corev1.SecretTypeOpaque),
	}
}

func configSecret(m *Model, n names) workload.Object {
	o := secret(n, "config", map[string]workload.SecretValue{})
	o.Mask = map[string]string{}
	for section, options := range m.Config {
		for option, value := range options {
			variable := optionVariable(section, option)
			o.Data[variable] = workload.Plain(value)
			o.Mask["data["+variable+"]"] = "config." + section + "." + option
		}
	}
	return o
}

// logsSecret holds the credentials for the storage of logs, as one of Airflow's
// connections.
func logsSecret(m *Model, n names) (workload.Object, error) {
	text, err := json.Marshal(map[string]any{
		"conn_type": "aws",
		"extra":     map[string]any{"endpoint_url": m.Logs.Endpoint, "region_name": m.Logs.Region},
	})
	if err != nil {
		return workload.Object{}, err
	}
	data := m.Logs.Credentials("")
	format := `{"login":"%s","password":"%s",` + strings.ReplaceAll(strings.TrimPrefix(string(text), "{"), "%", "%%")
	data[logVariable] = workload.Template(format, connection.AccessKeyID, connection.SecretAccessKey)
	return secret(n, "logs", data), nil
}

func adminSecret(m *Model, n names) workload.Object {
	admin := ptr.Deref(m.Admin, Admin{})
	o := secret(n, "admin", map[string]workload.SecretValue{userKey: workload.Plain(admin.user()), passwordKey: admin.Value(passwordLength)})
	o.Keep = true
	o.Mask = map[string]string{"data[" + userKey + "]": "admin.user"}
	return o
}

func (a Admin) user() string { return ptr.Deref(a.User, "admin") }

// identity says which administrator with which password is meant, without a secret.
func (a Admin) identity() string {
	return a.user() + "/" + ptr.Deref(a.Email, "") + "/" + a.Identity()
}
