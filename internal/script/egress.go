package script

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

func errNoHost(s string) error { return fmt.Errorf("%q is no host name", s) }

// service is what the pods use of this cluster: a namespace, and the port of its
// pods, 0 where only that of the Service is known.
type service struct {
	namespace string
	port      int32
}

// services are what the program is wired to within the cluster.
func (s *Script) services(a access, env workload.Environment) []service {
	found := map[service]bool{}
	var products []string
	for _, c := range s.connections() {
		products = append(products, c.Endpoint)
	}
	if s.MLflow != nil {
		products = append(products, s.MLflow.URI)
	}
	for _, text := range products {
		if namespace, port, ok := inCluster(text, env); ok {
			// Object storage and MLflow listen on the ports of their Services.
			found[service{namespace, port}] = true
		}
	}
	var urls []string
	for _, api := range a.http {
		urls = append(urls, api.BaseURL)
	}
	if s.Requirements != nil && s.Requirements.IndexURL != nil {
		urls = append(urls, *s.Requirements.IndexURL)
	}
	for _, text := range urls {
		if namespace, _, ok := inCluster(text, env); ok {
			found[service{namespace: namespace}] = true
		}
	}
	return slices.SortedFunc(maps.Keys(found), func(x, y service) int {
		return cmp.Or(strings.Compare(x.namespace, y.namespace), cmp.Compare(x.port, y.port))
	})
}

// inCluster tells the URL of a Service, whose host is SERVICE, or SERVICE.NAMESPACE.svc
// with or without the cluster's domain.
func inCluster(text string, env workload.Environment) (namespace string, port int32, ok bool) {
	u, err := url.Parse(text)
	if err != nil {
		return "", 0, false
	}
	if number, err := strconv.ParseInt(u.Port(), 10, 32); err == nil {
		port = int32(number)
	}
	host := strings.TrimSuffix(strings.TrimSuffix(u.Hostname(), "."), "."+env.ClusterDomain)
	host, isService := strings.CutSuffix(host, ".svc")
	labels := strings.Split(host, ".")
	switch {
	case len(labels) == 1 && labels[0] != "" && labels[0] != "localhost":
		return env.Namespace, port, true
	case len(labels) == 2 && isService:
		return labels[1], port, true
	}
	return "", 0, false
}

// policies are those that egress asks for.
func (s *Script) policies(a access, selector map[string]string, env workload.Environment) []workload.Object {
	if a.egress == nil {
		return nil
	}
	protocols := []corev1.Protocol{corev1.ProtocolUDP, corev1.ProtocolTCP}
	dns := networkingv1ac.NetworkPolicyEgressRule()
	for _, protocol := range protocols {
		dns.WithPorts(networkingv1ac.NetworkPolicyPort().WithPort(intstr.FromInt32(53)).WithProtocol(protocol))
	}
	spec := networkingv1ac.NetworkPolicySpec().WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(selector)).
		WithPolicyTypes(networkingv1.PolicyTypeEgress).WithEgress(dns)
	for _, at := range s.services(a, env) {
		rule := networkingv1ac.NetworkPolicyEgressRule().WithTo(networkingv1ac.NetworkPolicyPeer().
			WithNamespaceSelector(metav1ac.LabelSelector().WithMatchLabels(map[string]string{corev1.LabelMetadataName: at.namespace})))
		if at.port != 0 {
			rule.WithPorts(networkingv1ac.NetworkPolicyPort().WithPort(intstr.FromInt32(at.port)).WithProtocol(corev1.ProtocolTCP))
		}
		spec.WithEgress(rule)
	}
	for _, to := range a.egress.To {
		rule := networkingv1ac.NetworkPolicyEgressRule().WithTo(networkingv1ac.NetworkPolicyPeer().WithIPBlock(networkingv1ac.IPBlock().WithCIDR(to.CIDR)))
		for _, port := range to.Ports {
			rule.WithPorts(networkingv1ac.NetworkPolicyPort().WithPort(intstr.FromInt32(int32(port))).WithProtocol(corev1.ProtocolTCP))
		}
		spec.WithEgress(rule)
	}
	out := []workload.Object{{
		Key: "NetworkPolicy/egress", Stage: workload.StageIdentity,
		Manifest: networkingv1ac.NetworkPolicy(s.Name+"-egress", env.Namespace).WithSpec(spec),
	}}
	if len(a.egress.Hosts) > 0 {
		out = append(out, workload.Object{Key: "CiliumNetworkPolicy/egress", Stage: workload.StageIdentity, NoWait: true, Manifest: s.hostPolicy(a.egress.Hosts, selector, env)})
	}
	return out
}

// hostPolicy allows host names, which only Cilium knows: it watches what the DNS
// answers to the pods.
func (s *Script) hostPolicy(hosts []string, selector map[string]string, env workload.Environment) map[string]any {
	var names []any
	for _, host := range hosts {
		field := "matchName"
		if strings.HasPrefix(host, "*") {
			field = "matchPattern"
		}
		names = append(names, map[string]any{field: host})
	}
	port := func(number, protocol string) map[string]any {
		return map[string]any{"port": number, "protocol": protocol}
	}
	labels := map[string]any{}
	for key, value := range selector {
		labels[key] = value
	}
	return map[string]any{
		"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
		"metadata": map[string]any{"name": s.Name + "-egress", "namespace": env.Namespace},
		"spec": map[string]any{
			"endpointSelector": map[string]any{"matchLabels": labels},
			"egress": []any{
				map[string]any{
					"toEndpoints": []any{map[string]any{"matchLabels": map[string]any{"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s:k8s-app": "kube-dns"}}},
					"toPorts": []any{map[string]any{
						"ports": []any{port("53", "ANY")},
						"rules": map[string]any{"dns": []any{map[string]any{"matchPattern": "*"}}},
					}},
				},
				map[string]any{"toFQDNs": names, "toPorts": []any{map[string]any{"ports": []any{port("443", "TCP")}}}},
			},
		},
	}
}
