package workspace

import (
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// apiServerPorts are those that API servers listen on.
var apiServerPorts = []int32{443, 6443}

// networkPolicies renders three policies. The first shuts all pods in. The other
// two open what the configuration allows, for all pods but those that answer to a
// policy of their own: policies only ever add up, so that one which is narrower
// would mean nothing beside a wider one.
func networkPolicies(m *Model, env workload.Environment, diags *diag.Diagnostics) []workload.Object {
	n := m.Network
	if n == nil {
		n = &Network{}
	}
	if n.Isolated != nil && !*n.Isolated {
		return nil
	}
	policy := func(role string, spec *networkingv1ac.NetworkPolicySpecApplyConfiguration) workload.Object {
		return workload.Object{
			Key: "NetworkPolicy/" + role, Stage: workload.StageIdentity, At: path.Root("network"), Guard: true,
			Manifest: networkingv1ac.NetworkPolicy("workspace-"+role, m.Name).WithSpec(spec),
		}
	}
	return []workload.Object{
		policy("isolation", networkingv1ac.NetworkPolicySpec().WithPodSelector(metav1ac.LabelSelector()).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)),
		policy("ingress", n.ingress(diags)),
		policy("egress", n.egress(env, diags)),
	}
}

func (n *Network) ingress(diags *diag.Diagnostics) *networkingv1ac.NetworkPolicySpecApplyConfiguration {
	spec := networkingv1ac.NetworkPolicySpec().WithPodSelector(without(pod.OwnIngressLabel)).WithPolicyTypes(networkingv1.PolicyTypeIngress)
	for _, peers := range n.peers(n.AllowFrom) {
		spec.WithIngress(networkingv1ac.NetworkPolicyIngressRule().WithFrom(peers))
	}
	for i, rule := range n.Ingress {
		peers, ports := rule.Render(path.Root("network").AtName("ingress").AtListIndex(i), diags)
		spec.WithIngress(networkingv1ac.NetworkPolicyIngressRule().WithFrom(peers...).WithPorts(ports...))
	}
	return spec
}

func (n *Network) egress(env workload.Environment, diags *diag.Diagnostics) *networkingv1ac.NetworkPolicySpecApplyConfiguration {
	spec := networkingv1ac.NetworkPolicySpec().WithPodSelector(without(pod.OwnEgressLabel)).WithPolicyTypes(networkingv1.PolicyTypeEgress).
		WithEgress(networkingv1ac.NetworkPolicyEgressRule().WithPorts(pod.DNSPorts(env)...))
	for _, peers := range n.peers(n.AllowTo) {
		spec.WithEgress(networkingv1ac.NetworkPolicyEgressRule().WithTo(peers))
	}
	if len(n.APIServerCIDRs) > 0 {
		rule := networkingv1ac.NetworkPolicyEgressRule()
		for _, cidr := range slices.Sorted(slices.Values(n.APIServerCIDRs)) {
			rule.WithTo(networkingv1ac.NetworkPolicyPeer().WithIPBlock(networkingv1ac.IPBlock().WithCIDR(cidr)))
		}
		for _, port := range apiServerPorts {
			rule.WithPorts(networkingv1ac.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt32(port)))
		}
		spec.WithEgress(rule)
	}
	for i, rule := range n.Egress {
		peers, ports := rule.Render(path.Root("network").AtName("egress").AtListIndex(i), diags)
		spec.WithEgress(networkingv1ac.NetworkPolicyEgressRule().WithTo(peers...).WithPorts(ports...))
	}
	return spec
}

// peers are the workspace itself, where its pods may connect to each other, and the
// namespaces with the given names.
func (n *Network) peers(namespaces []string) []*networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	var out []*networkingv1ac.NetworkPolicyPeerApplyConfiguration
	if n.AllowWithin == nil || *n.AllowWithin {
		out = append(out, networkingv1ac.NetworkPolicyPeer().WithPodSelector(metav1ac.LabelSelector()))
	}
	if len(namespaces) > 0 {
		// The label is the API server's own: nobody can give it to another namespace.
		out = append(out, networkingv1ac.NetworkPolicyPeer().WithNamespaceSelector(metav1ac.LabelSelector().WithMatchExpressions(
			metav1ac.LabelSelectorRequirement().WithKey(corev1.LabelMetadataName).WithOperator(metav1.LabelSelectorOpIn).
				WithValues(slices.Sorted(slices.Values(namespaces))...))))
	}
	return out
}

func without(label string) *metav1ac.LabelSelectorApplyConfiguration {
	return metav1ac.LabelSelector().WithMatchExpressions(
		metav1ac.LabelSelectorRequirement().WithKey(label).WithOperator(metav1.LabelSelectorOpDoesNotExist))
}

// checkNetwork finds what means nothing: the workspace among its own neighbours, and
// exceptions where nothing is forbidden.
func checkNetwork(m *Model, diags *diag.Diagnostics) {
	n := m.Network
	if n == nil {
		return
	}
	at := path.Root("network")
	isolated := n.Isolated == nil || *n.Isolated
	for _, list := range []struct {
		attribute string
		set       bool
		names     []string
	}{
		{"allow_within", n.AllowWithin != nil, nil},
		{"allow_from", n.AllowFrom != nil, n.AllowFrom},
		{"allow_to", n.AllowTo != nil, n.AllowTo},
		{"api_server_cidrs", n.APIServerCIDRs != nil, nil},
		{"ingress", n.Ingress != nil, nil},
		{"egress", n.Egress != nil, nil},
	} {
		if slices.Contains(list.names, m.Name) {
			diags.AddAttributeError(at.AtName(list.attribute), "The workspace names itself", fmt.Sprintf("%q is this workspace. Whether its pods may connect to each other "+
				"is up to allow_within, which is true by default. Take the name out of %s.", m.Name, list.attribute))
		}
		if list.set && !isolated {
			diags.AddAttributeError(at.AtName(list.attribute), "The network is not isolated", "With isolated = false everything is allowed, so that "+list.attribute+
				" would mean nothing. Remove it, or isolated.")
		}
	}
}
