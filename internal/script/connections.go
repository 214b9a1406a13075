package script

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// defaultConnection is the name of the connection that the AWS SDKs find by
// themselves where there are several.
const defaultConnection = "default"

// connections are inputs and outputs, by name.
func (s *Script) connections() map[string]connection.S3 {
	all := maps.Clone(s.Inputs)
	if all == nil {
		all = map[string]connection.S3{}
	}
	maps.Copy(all, s.Outputs)
	return all
}

// preferred is the connection that the AWS SDKs find by themselves, if there is one.
func preferred(all map[string]connection.S3) (connection.S3, bool) {
	if c, ok := all[defaultConnection]; ok {
		return c, true
	}
	var one connection.S3
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if i > 0 && !all[name].SameUser(one) {
			return connection.S3{}, false
		}
		one = all[name]
	}
	return one, len(all) > 0
}

// connect gives the variables of the connections, and the data of the Secret of the
// given name that holds their credentials.
func (s *Script) connect(secret string) (variables []*corev1ac.EnvVarApplyConfiguration, data map[string]workload.SecretValue, diags diag.Diagnostics) {
	data = map[string]workload.SecretValue{}
	copied := func(values map[string]workload.SecretValue) {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			variables = append(variables, pod.FromSecret(name, secret, name))
		}
		maps.Copy(data, values)
	}
	add := func(c connection.S3, prefix string) { copied(c.Credentials(prefix)) }
	for name := range s.Outputs {
		if _, twice := s.Inputs[name]; twice {
			diags.AddAttributeError(path.Root("outputs").AtMapKey(name), "Two connections have the same name",
				"inputs has a connection "+name+" too. What is read and written needs to be named only once; else give one of them another name.")
		}
	}
	all := s.connections()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c, prefix := all[name], strings.ToUpper(name)+"_"
		add(c, prefix)
		variables = append(variables,
			corev1ac.EnvVar().WithName(prefix+"ENDPOINT_URL").WithValue(c.Endpoint),
			corev1ac.EnvVar().WithName(prefix+"REGION").WithValue(c.Region))
		if c.Bucket != nil {
			variables = append(variables, corev1ac.EnvVar().WithName(prefix+"BUCKET").WithValue(*c.Bucket))
		}
	}
	if c, ok := preferred(all); ok {
		add(c, "")
		variables = append(variables, c.Environment()...)
	}
	if c := s.MLflow; c != nil {
		copied(c.Credentials())
		variables = append(variables, c.Environment()...)
	}
	return variables, data, diags
}
