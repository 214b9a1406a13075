package pod

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// DNSConfig is how the pods resolve names.
type DNSConfig struct {
	Nameservers []string          `tfsdk:"nameservers"`
	Searches    []string          `tfsdk:"searches"`
	Options     map[string]string `tfsdk:"options"`
}

// NetworkPolicy limits who may connect to the pods and whom they may connect to.
type NetworkPolicy struct {
	Ingress []Rule `tfsdk:"ingress"`
	Egress  []Rule `tfsdk:"egress"`
}

// Rule allows connections of any of its peers to any of its ports.
type Rule struct {
	Peers []Peer       `tfsdk:"peers"`
	Ports []PolicyPort `tfsdk:"ports"`
}

// Peer is the other end of a connection.
type Peer struct {
	PodLabels       map[string]string `tfsdk:"pod_labels"`
	NamespaceLabels map[string]string `tfsdk:"namespace_labels"`
	CIDR            *string           `tfsdk:"cidr"`
	Except          []string          `tfsdk:"except"`
}

// PolicyPort is a port or a range of ports.
type PolicyPort struct {
	Port     int64   `tfsdk:"port"`
	EndPort  *int64  `tfsdk:"end_port"`
	Protocol *string `tfsdk:"protocol"`
}

func hostAliasesAttribute() schema.Attribute {
	return schema.MapAttribute{
		Optional: true, ElementType: types.ListType{ElemType: types.StringType},
		MarkdownDescription: "Host names by IP address, added to the pods' `/etc/hosts`.",
		Validators:          []validator.Map{validate.Keys{Text: validate.IP()}},
	}
}

func dnsPolicyAttribute() schema.Attribute {
	return oneOf("How the pods resolve names: `ClusterFirst` (default), `Default` (as the node does) or `None` (by `dns_config` alone).", "ClusterFirst", "Default", "None")
}

func dnsConfigAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Settings of the resolver, added to those of `dns_policy`.",
		Attributes: map[string]schema.Attribute{
			"nameservers": schema.ListAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "IP addresses of at most three DNS servers.",
				Validators: []validator.List{validate.Each{Text: validate.IP()}, listvalidator.SizeAtMost(3)},
			},
			"searches": schema.ListAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "Domains in which short names are looked up, at most 32.",
				Validators: []validator.List{validate.Each{Text: validate.HostName()}, listvalidator.SizeAtMost(32)},
			},
			"options": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Options by name, for instance `ndots = \"2\"`. An empty value sets the option without one.",
			},
		},
	}
}

// RulesAttribute is a list of rules of a network policy; peers describes the other
// ends of their connections.
func RulesAttribute(description, peers string) schema.Attribute {
	return schema.ListNestedAttribute{Optional: true, MarkdownDescription: description, NestedObject: schema.NestedAttributeObject{
		Attributes: map[string]schema.Attribute{
			"peers": schema.ListNestedAttribute{
				Optional:            true,
				MarkdownDescription: peers,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"pod_labels":       labels("Labels of pods: of the same namespace, or with `namespace_labels` of those. `{}` is every pod."),
					"namespace_labels": labels("Labels of namespaces, for instance `kubernetes.io/metadata.name`. `{}` is every namespace."),
					"cidr":             textOf("Range of IP addresses, instead of labels.", validate.CIDR()),
					"except": schema.ListAttribute{
						Optional: true, ElementType: types.StringType, MarkdownDescription: "Ranges within `cidr` that are not meant.",
						Validators: []validator.List{validate.Each{Text: validate.CIDR()}},
					},
				}},
			},
			"ports": schema.ListNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Ports of the end that is connected to. Default: every port.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"port":     schema.Int64Attribute{Required: true, MarkdownDescription: "Number of the port.", Validators: []validator.Int64{validate.Port()}},
					"end_port": schema.Int64Attribute{Optional: true, MarkdownDescription: "Last port of a range that begins with `port`.", Validators: []validator.Int64{validate.Port()}},
					"protocol": oneOf("`TCP` (default), `UDP` or `SCTP`.", "TCP", "UDP", "SCTP"),
				}},
			},
		},
	}}
}

func networkPolicyAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Limits the pods' connections by a NetworkPolicy, where the cluster's network enforces them. The pods of the same resource may always " +
			"connect to each other, and with `egress` the pods may always ask the DNS. In an `analytics_workspace`, these rules stand in place of what " +
			"the workspace allows. Default: no limits but those of the namespace.",
		Attributes: map[string]schema.Attribute{
			"ingress": RulesAttribute("Who may connect to the pods. `[]` is nobody else. Default: everybody.", "Who may connect. Default: everybody."),
			"egress":  RulesAttribute("What the pods may connect to. `[]` is nothing else. Default: everything.", "What they may connect to. Default: everything."),
		},
	}
}

// hostsAndDNS renders how the pods resolve names.
func (r *renderer) hostsAndDNS() {
	for _, ip := range slices.Sorted(maps.Keys(r.s.HostAliases)) {
		hosts := r.s.HostAliases[ip]
		at := r.at("host_aliases").AtMapKey(ip)
		if len(hosts) == 0 {
			r.diags.AddAttributeError(at, "A host alias lacks names", "Give the address at least one host name, or remove it.")
		}
		for i, host := range hosts {
			if err := validate.HostName().Check(host); err != nil {
				r.diags.AddAttributeError(at.AtListIndex(i), "Invalid value", "The value must be "+validate.HostName().Allowed+": "+err.Error()+".")
			}
		}
		r.spec.WithHostAliases(corev1ac.HostAlias().WithIP(ip).WithHostnames(hosts...))
	}
	if r.s.DNSPolicy != nil {
		r.spec.WithDNSPolicy(corev1.DNSPolicy(*r.s.DNSPolicy))
		if *r.s.DNSPolicy == string(corev1.DNSNone) && (r.s.DNSConfig == nil || len(r.s.DNSConfig.Nameservers) == 0) {
			r.diags.AddAttributeError(r.at("dns_policy"), "No DNS server is left", "With dns_policy = \"None\" the pods use only the servers of dns_config.nameservers. Set these.")
		}
	}
	c := r.s.DNSConfig
	if c == nil {
		return
	}
	dns := corev1ac.PodDNSConfig().WithNameservers(c.Nameservers...).WithSearches(c.Searches...)
	for _, option := range slices.Sorted(maps.Keys(c.Options)) {
		o := corev1ac.PodDNSConfigOption().WithName(option)
		if value := c.Options[option]; value != "" {
			o.WithValue(value)
		}
		dns.WithOptions(o)
	}
	r.spec.WithDNSConfig(dns)
}

// Labels of pods that answer to a network policy of their own. Policies only ever
// add to what is allowed, so those of a workspace leave such pods out.
const (
	OwnIngressLabel = "analytics/own-ingress"
	OwnEgressLabel  = "analytics/own-egress"
)

// policyLabels are those of the two that the pods have.
func (s Settings) policyLabels() map[string]string {
	out := map[string]string{}
	if s.NetworkPolicy != nil && s.NetworkPolicy.Ingress != nil {
		out[OwnIngressLabel] = "true"
	}
	if s.NetworkPolicy != nil && s.NetworkPolicy.Egress != nil {
		out[OwnEgressLabel] = "true"
	}
	return out
}

// networkPolicy adds the NetworkPolicy of the pods.
func (r *renderer) networkPolicy() {
	p := r.s.NetworkPolicy
	if p == nil {
		return
	}
	if p.Ingress == nil && p.Egress == nil {
		r.diags.AddAttributeError(r.at("network_policy"), "A network policy limits nothing",
			"Set ingress, egress or both. An empty list allows only the pods of the same resource.")
	}
	at := r.at("network_policy")
	spec := networkingv1ac.NetworkPolicySpec().WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(r.in.Selector))
	siblings := networkingv1ac.NetworkPolicyPeer().WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(r.in.siblings()))
	if p.Ingress != nil {
		spec.WithPolicyTypes(networkingv1.PolicyTypeIngress).WithIngress(networkingv1ac.NetworkPolicyIngressRule().WithFrom(siblings))
		for i, rule := range p.Ingress {
			peers, ports := rule.Render(at.AtName("ingress").AtListIndex(i), &r.diags)
			spec.WithIngress(networkingv1ac.NetworkPolicyIngressRule().WithFrom(peers...).WithPorts(ports...))
		}
	}
	if p.Egress != nil {
		spec.WithPolicyTypes(networkingv1.PolicyTypeEgress).WithEgress(
			networkingv1ac.NetworkPolicyEgressRule().WithTo(siblings),
			networkingv1ac.NetworkPolicyEgressRule().WithPorts(DNSPorts(r.in.Environment)...))
		for i, rule := range p.Egress {
			peers, ports := rule.Render(at.AtName("egress").AtListIndex(i), &r.diags)
			spec.WithEgress(networkingv1ac.NetworkPolicyEgressRule().WithTo(peers...).WithPorts(ports...))
		}
	}
	r.objects = append(r.objects, workload.Object{
		Key: r.key("NetworkPolicy", ""), Stage: workload.StageIdentity,
		Manifest: networkingv1ac.NetworkPolicy(r.in.Name, r.in.Environment.Namespace).WithSpec(spec),
	})
}

// DNSPorts are those on which the cluster's DNS answers, where a policy sees them:
// those of its pods.
func DNSPorts(env workload.Environment) []*networkingv1ac.NetworkPolicyPortApplyConfiguration {
	ports := []*networkingv1ac.NetworkPolicyPortApplyConfiguration{port(53, nil, "UDP"), port(53, nil, "TCP")}
	if env.Platform == workload.PlatformOpenShift {
		ports = append(ports, port(5353, nil, "UDP"), port(5353, nil, "TCP"))
	}
	return ports
}

// Render turns a rule, which stands at a path of the configuration, into the peers
// and ports of a NetworkPolicy.
func (rule Rule) Render(at path.Path, diags *diag.Diagnostics) (peers []*networkingv1ac.NetworkPolicyPeerApplyConfiguration, ports []*networkingv1ac.NetworkPolicyPortApplyConfiguration) {
	for i, p := range rule.Peers {
		at := at.AtName("peers").AtListIndex(i)
		byLabels := p.PodLabels != nil || p.NamespaceLabels != nil
		if byLabels == (p.CIDR != nil) {
			diags.AddAttributeError(at, "A peer is chosen by labels or by addresses", "Set pod_labels, namespace_labels or both, or else set cidr.")
		}
		p.checkExceptions(at.AtName("except"), diags)
		peer := networkingv1ac.NetworkPolicyPeer()
		if p.PodLabels != nil {
			peer.WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(p.PodLabels))
		}
		if p.NamespaceLabels != nil {
			peer.WithNamespaceSelector(metav1ac.LabelSelector().WithMatchLabels(p.NamespaceLabels))
		}
		if p.CIDR != nil {
			peer.WithIPBlock(networkingv1ac.IPBlock().WithCIDR(*p.CIDR).WithExcept(p.Except...))
		}
		peers = append(peers, peer)
	}
	for i, p := range rule.Ports {
		protocol := "TCP"
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		if p.EndPort != nil && *p.EndPort < p.Port {
			diags.AddAttributeError(at.AtName("ports").AtListIndex(i).AtName("end_port"), "A range of ports ends before it begins",
				"end_port must not be below port, which is "+itoa(int(p.Port))+".")
		}
		ports = append(ports, port(p.Port, p.EndPort, protocol))
	}
	return peers, ports
}

// checkExceptions refuses exceptions from what is not allowed in the first place.
func (p Peer) checkExceptions(at path.Path, diags *diag.Diagnostics) {
	if p.CIDR == nil {
		if len(p.Except) > 0 {
			diags.AddAttributeError(at, "An exception has nothing to be excepted from", "Set cidr, or remove except.")
		}
		return
	}
	whole, err := netip.ParsePrefix(*p.CIDR)
	if err != nil {
		// The attribute's validator says so.
		return
	}
	for i, except := range p.Except {
		part, err := netip.ParsePrefix(except)
		if err == nil && (part.Bits() <= whole.Bits() || !whole.Contains(part.Addr())) {
			diags.AddAttributeError(at.AtListIndex(i), "An exception lies outside of its range", except+" is no smaller range within "+*p.CIDR+". Correct one of them.")
		}
	}
}

func port(number int64, end *int64, protocol string) *networkingv1ac.NetworkPolicyPortApplyConfiguration {
	out := networkingv1ac.NetworkPolicyPort().WithPort(intstr.FromInt32(int32(number))).WithProtocol(corev1.Protocol(protocol))
	if end != nil {
		out.WithEndPort(int32(*end))
	}
	return out
}
