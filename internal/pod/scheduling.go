package pod

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// Toleration tolerates a taint.
type Toleration struct {
	Key               *string `tfsdk:"key"`
	Operator          *string `tfsdk:"operator"`
	Value             *string `tfsdk:"value"`
	Effect            *string `tfsdk:"effect"`
	TolerationSeconds *int64  `tfsdk:"toleration_seconds"`
}

// Affinity attracts pods to nodes and to other pods, or keeps them apart.
type Affinity struct {
	Node    *NodeAffinity `tfsdk:"node_affinity"`
	Pod     *PodAffinity  `tfsdk:"pod_affinity"`
	PodAnti *PodAffinity  `tfsdk:"pod_anti_affinity"`
}

// NodeAffinity chooses nodes.
type NodeAffinity struct {
	Required  []NodeTerm          `tfsdk:"required"`
	Preferred []PreferredNodeTerm `tfsdk:"preferred"`
}

// NodeTerm matches nodes that meet all of its expressions.
type NodeTerm struct {
	MatchExpressions []Expression `tfsdk:"match_expressions"`
}

// PreferredNodeTerm is a NodeTerm with a weight from 1 to 100.
type PreferredNodeTerm struct {
	NodeTerm
	Weight int64 `tfsdk:"weight"`
}

// PodAffinity chooses nodes by the pods on them.
type PodAffinity struct {
	Required  []PodTerm          `tfsdk:"required"`
	Preferred []PreferredPodTerm `tfsdk:"preferred"`
}

// PodTerm matches pods.
type PodTerm struct {
	TopologyKey      string            `tfsdk:"topology_key"`
	MatchLabels      map[string]string `tfsdk:"match_labels"`
	MatchExpressions []Expression      `tfsdk:"match_expressions"`
	Namespaces       []string          `tfsdk:"namespaces"`
}

// PreferredPodTerm is a PodTerm with a weight from 1 to 100.
type PreferredPodTerm struct {
	PodTerm
	Weight int64 `tfsdk:"weight"`
}

// Expression compares a label.
type Expression struct {
	Key      string   `tfsdk:"key"`
	Operator string   `tfsdk:"operator"`
	Values   []string `tfsdk:"values"`
}

// Spread spreads pods over the parts of the cluster.
type Spread struct {
	TopologyKey        string            `tfsdk:"topology_key"`
	MaxSkew            *int64            `tfsdk:"max_skew"`
	WhenUnsatisfiable  *string           `tfsdk:"when_unsatisfiable"`
	MinDomains         *int64            `tfsdk:"min_domains"`
	MatchLabels        map[string]string `tfsdk:"match_labels"`
	NodeAffinityPolicy *string           `tfsdk:"node_affinity_policy"`
	NodeTaintsPolicy   *string           `tfsdk:"node_taints_policy"`
}

func tolerationsAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Taints that the pods tolerate, added to the provider's `defaults.tolerations`.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"key":                textOf("Key of the taint. Default: every key.", validate.LabelKey()),
			"operator":           oneOf("`Equal` (default) or `Exists`.", "Equal", "Exists"),
			"value":              textOf("Value of the taint.", validate.LabelValue()),
			"effect":             oneOf("`NoSchedule`, `PreferNoSchedule` or `NoExecute`. Default: every effect.", "NoSchedule", "PreferNoSchedule", "NoExecute"),
			"toleration_seconds": schema.Int64Attribute{Optional: true, MarkdownDescription: "How long a `NoExecute` taint is tolerated, in seconds. Default: for ever."},
		}},
	}
}

func oneOf(description string, values ...string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: []validator.String{stringvalidator.OneOf(values...)}}
}

func affinityAttribute() schema.Attribute {
	node := func(more map[string]schema.Attribute) schema.NestedAttributeObject {
		more["match_expressions"] = expressionsAttribute("Conditions on the labels of a node, all of which it must meet.", true, nodeOperators...)
		return schema.NestedAttributeObject{Attributes: more}
	}
	pod := func(more map[string]schema.Attribute) schema.NestedAttributeObject {
		more["topology_key"] = required("Node label whose equal values mean the same place, for instance `kubernetes.io/hostname`.", validate.LabelKey())
		more["match_labels"] = labels("Labels of the other pods. Default, where `match_expressions` is not set either: those of these pods themselves.")
		more["match_expressions"] = expressionsAttribute("Conditions on the labels of the other pods, all of which they must meet.", false, podOperators...)
		more["namespaces"] = schema.ListAttribute{
			Optional: true, ElementType: types.StringType, Validators: []validator.List{validate.Each{Text: validate.DNSLabel()}},
			MarkdownDescription: "Namespaces of the other pods. Default: the same as these pods'.",
		}
		return schema.NestedAttributeObject{Attributes: more}
	}
	weight := func() map[string]schema.Attribute {
		return map[string]schema.Attribute{"weight": schema.Int64Attribute{
			Required: true, Validators: []validator.Int64{int64validator.Between(1, 100)},
			MarkdownDescription: "How much it counts among the others, from 1 to 100.",
		}}
	}
	none := func() map[string]schema.Attribute { return map[string]schema.Attribute{} }
	pods := func(description, required, preferred string) schema.Attribute {
		return schema.SingleNestedAttribute{Optional: true, MarkdownDescription: description, Attributes: map[string]schema.Attribute{
			"required":  schema.ListNestedAttribute{Optional: true, MarkdownDescription: required, NestedObject: pod(none())},
			"preferred": schema.ListNestedAttribute{Optional: true, MarkdownDescription: preferred, NestedObject: pod(weight())},
		}}
	}
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Which nodes the pods are for, and which other pods they should be near to or far from. It counts when a pod is scheduled; a running pod stays.",
		Attributes: map[string]schema.Attribute{
			"node_affinity": schema.SingleNestedAttribute{Optional: true, MarkdownDescription: "Nodes by their labels.", Attributes: map[string]schema.Attribute{
				"required":  schema.ListNestedAttribute{Optional: true, MarkdownDescription: "A node must match at least one of these.", NestedObject: node(none())},
				"preferred": schema.ListNestedAttribute{Optional: true, MarkdownDescription: "Nodes that match more of these are preferred.", NestedObject: node(weight())},
			}},
			"pod_affinity":      pods("Pods to be near to.", "Pods that must run in the same place.", "Pods that should run in the same place."),
			"pod_anti_affinity": pods("Pods to be far from.", "Pods that must not run in the same place.", "Pods that should not run in the same place."),
		},
	}
}

var (
	nodeOperators = []string{"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"}
	podOperators  = []string{"In", "NotIn", "Exists", "DoesNotExist"}
)

func expressionsAttribute(description string, needed bool, operators ...string) schema.Attribute {
	operator := oneOf("`"+operators[0]+"` and so on.", operators...)
	operator.Optional, operator.Required = false, true
	operator.MarkdownDescription = "One of `In`, `NotIn`, `Exists` and `DoesNotExist`."
	if len(operators) > len(podOperators) {
		operator.MarkdownDescription = "One of `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` and `Lt`; the last two compare integers."
	}
	out := schema.ListNestedAttribute{
		Optional: !needed, Required: needed,
		MarkdownDescription: description,
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"key":      required("Key of the label.", validate.LabelKey()),
			"operator": operator,
			"values": schema.ListAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.List{validate.Each{Text: validate.LabelValue()}},
				MarkdownDescription: "Values to compare with. None for `Exists` and `DoesNotExist`.",
			},
		}},
	}
	if needed {
		out.Validators = []validator.List{listvalidator.SizeAtLeast(1)}
	}
	return out
}

func topologySpreadAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Optional: true,
		MarkdownDescription: "How evenly the pods are spread. Default, where there are several: over nodes and zones, as far as possible. An empty list leaves " +
			"it to the scheduler.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"topology_key": required("Node label whose values tell the places apart, for instance `topology.kubernetes.io/zone`.", validate.LabelKey()),
			"max_skew": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.Between(1, 1<<30)},
				MarkdownDescription: "By how many pods two places may differ. Default: `1`.",
			},
			"when_unsatisfiable": oneOf("`ScheduleAnyway` (default) places a pod nevertheless; `DoNotSchedule` leaves it pending.", "ScheduleAnyway", "DoNotSchedule"),
			"min_domains": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.Between(1, 1<<30)},
				MarkdownDescription: "How many places there must be at least; only with `DoNotSchedule`. Default: `1`.",
			},
			"match_labels":         labels("Labels of the pods that are counted. Default: those of these pods themselves."),
			"node_affinity_policy": oneOf("Whether only nodes count that the pod may run on by its node selector and affinity: `Honor` (default) or `Ignore`.", "Honor", "Ignore"),
			"node_taints_policy":   oneOf("Whether only nodes count whose taints the pod tolerates: `Honor` or `Ignore` (default).", "Honor", "Ignore"),
		}},
	}
}

// checkTolerations refuses combinations that the API server refuses.
func (r *renderer) checkTolerations() {
	for i, t := range r.s.Tolerations {
		at := r.at("tolerations").AtListIndex(i)
		operator := ptr.Deref(t.Operator, "")
		if operator == string(corev1.TolerationOpExists) && ptr.Deref(t.Value, "") != "" {
			r.diags.AddAttributeError(at.AtName("value"), "A toleration contradicts itself", "Exists matches every value. Remove value, or set operator = \"Equal\".")
		}
		if ptr.Deref(t.Key, "") == "" && operator != string(corev1.TolerationOpExists) {
			r.diags.AddAttributeError(at, "A toleration lacks a key", "Set key, or set operator = \"Exists\" to tolerate the taints of every key.")
		}
		if t.TolerationSeconds != nil && ptr.Deref(t.Effect, "") != string(corev1.TaintEffectNoExecute) {
			r.diags.AddAttributeError(at.AtName("toleration_seconds"), "A toleration contradicts itself",
				"toleration_seconds has a meaning only with effect = \"NoExecute\". Set that effect, or remove toleration_seconds.")
		}
	}
}

// affinity renders Affinity; it is nil where there is none.
func (r *renderer) affinity() *corev1ac.AffinityApplyConfiguration {
	a := r.s.Affinity
	if a == nil {
		return nil
	}
	at := r.at("affinity")
	out := corev1ac.Affinity()
	if n := a.Node; n != nil {
		at := at.AtName("node_affinity")
		node := corev1ac.NodeAffinity()
		if len(n.Required) > 0 {
			selector := corev1ac.NodeSelector()
			for i, term := range n.Required {
				selector.WithNodeSelectorTerms(r.nodeTerm(term, at.AtName("required").AtListIndex(i)))
			}
			node.WithRequiredDuringSchedulingIgnoredDuringExecution(selector)
		}
		for i, term := range n.Preferred {
			node.WithPreferredDuringSchedulingIgnoredDuringExecution(corev1ac.PreferredSchedulingTerm().WithWeight(int32(term.Weight)).
				WithPreference(r.nodeTerm(term.NodeTerm, at.AtName("preferred").AtListIndex(i))))
		}
		out.WithNodeAffinity(node)
	}
	if p := a.Pod; p != nil {
		required, preferred := r.podTerms(*p, at.AtName("pod_affinity"))
		out.WithPodAffinity(corev1ac.PodAffinity().WithRequiredDuringSchedulingIgnoredDuringExecution(required...).
			WithPreferredDuringSchedulingIgnoredDuringExecution(preferred...))
	}
	if p := a.PodAnti; p != nil {
		required, preferred := r.podTerms(*p, at.AtName("pod_anti_affinity"))
		out.WithPodAntiAffinity(corev1ac.PodAntiAffinity().WithRequiredDuringSchedulingIgnoredDuringExecution(required...).
			WithPreferredDuringSchedulingIgnoredDuringExecution(preferred...))
	}
	return out
}

func (r *renderer) nodeTerm(term NodeTerm, at path.Path) *corev1ac.NodeSelectorTermApplyConfiguration {
	out := corev1ac.NodeSelectorTerm()
	for i, e := range term.MatchExpressions {
		r.checkExpression(e, at.AtName("match_expressions").AtListIndex(i))
		out.WithMatchExpressions(corev1ac.NodeSelectorRequirement().WithKey(e.Key).WithOperator(corev1.NodeSelectorOperator(e.Operator)).WithValues(e.Values...))
	}
	return out
}

func (r *renderer) podTerms(p PodAffinity, at path.Path) (required []*corev1ac.PodAffinityTermApplyConfiguration, preferred []*corev1ac.WeightedPodAffinityTermApplyConfiguration) {
	for i, term := range p.Required {
		required = append(required, r.podTerm(term, at.AtName("required").AtListIndex(i)))
	}
	for i, term := range p.Preferred {
		preferred = append(preferred, corev1ac.WeightedPodAffinityTerm().WithWeight(int32(term.Weight)).
			WithPodAffinityTerm(r.podTerm(term.PodTerm, at.AtName("preferred").AtListIndex(i))))
	}
	return required, preferred
}

func (r *renderer) podTerm(term PodTerm, at path.Path) *corev1ac.PodAffinityTermApplyConfiguration {
	selector := metav1ac.LabelSelector()
	if len(term.MatchLabels) > 0 {
		selector.WithMatchLabels(term.MatchLabels)
	}
	for i, e := range term.MatchExpressions {
		r.checkExpression(e, at.AtName("match_expressions").AtListIndex(i))
		selector.WithMatchExpressions(metav1ac.LabelSelectorRequirement().WithKey(e.Key).WithOperator(metav1.LabelSelectorOperator(e.Operator)).WithValues(e.Values...))
	}
	if len(term.MatchLabels) == 0 && len(term.MatchExpressions) == 0 {
		selector.WithMatchLabels(r.in.Selector)
	}
	return corev1ac.PodAffinityTerm().WithTopologyKey(term.TopologyKey).WithLabelSelector(selector).WithNamespaces(term.Namespaces...)
}

func (r *renderer) checkExpression(e Expression, at path.Path) {
	bare := slices.Contains([]string{"Exists", "DoesNotExist"}, e.Operator)
	single := slices.Contains([]string{"Gt", "Lt"}, e.Operator)
	switch {
	case bare && len(e.Values) > 0:
		r.diags.AddAttributeError(at.AtName("values"), "An expression contradicts itself", e.Operator+" compares with no values. Remove values, or choose In or NotIn.")
	case single && len(e.Values) != 1:
		r.diags.AddAttributeError(at, "An expression needs one value", e.Operator+" compares with exactly one integer. Set values to it.")
	case !bare && len(e.Values) == 0:
		r.diags.AddAttributeError(at, "An expression lacks its values", e.Operator+" compares with values. Set values, or choose Exists or DoesNotExist.")
	}
}

// spread renders the user's constraints, else those that suit several pods.
func (r *renderer) spread() {
	if r.s.TopologySpread == nil {
		if !r.in.Replicated {
			return
		}
		for _, key := range []string{corev1.LabelHostname, corev1.LabelTopologyZone} {
			r.spec.WithTopologySpreadConstraints(corev1ac.TopologySpreadConstraint().WithTopologyKey(key).WithMaxSkew(1).
				WithWhenUnsatisfiable(corev1.ScheduleAnyway).WithLabelSelector(metav1ac.LabelSelector().WithMatchLabels(r.in.Selector)))
		}
		return
	}
	for i, s := range r.s.TopologySpread {
		at := r.at("topology_spread").AtListIndex(i)
		when := corev1.ScheduleAnyway
		if s.WhenUnsatisfiable != nil {
			when = corev1.UnsatisfiableConstraintAction(*s.WhenUnsatisfiable)
		}
		for j, other := range r.s.TopologySpread[:i] {
			if other.TopologyKey == s.TopologyKey && (ptr.Deref(other.WhenUnsatisfiable, "") == string(corev1.DoNotSchedule)) == (when == corev1.DoNotSchedule) {
				r.diags.AddAttributeError(at.AtName("topology_key"), "Two constraints are for the same topology",
					"Element "+itoa(j)+" spreads over "+s.TopologyKey+" too. Remove one of them.")
			}
		}
		match := s.MatchLabels
		if len(match) == 0 {
			match = r.in.Selector
		}
		skew := int64(1)
		if s.MaxSkew != nil {
			skew = *s.MaxSkew
		}
		out := corev1ac.TopologySpreadConstraint().WithTopologyKey(s.TopologyKey).WithMaxSkew(int32(skew)).
			WithWhenUnsatisfiable(when).WithLabelSelector(metav1ac.LabelSelector().WithMatchLabels(match))
		if s.MinDomains != nil {
			if when != corev1.DoNotSchedule {
				r.diags.AddAttributeError(at.AtName("min_domains"), "A constraint contradicts itself",
					"min_domains has a meaning only with when_unsatisfiable = \"DoNotSchedule\". Set that, or remove min_domains.")
			}
			out.WithMinDomains(int32(*s.MinDomains))
		}
		if s.NodeAffinityPolicy != nil {
			out.WithNodeAffinityPolicy(corev1.NodeInclusionPolicy(*s.NodeAffinityPolicy))
		}
		if s.NodeTaintsPolicy != nil {
			out.WithNodeTaintsPolicy(corev1.NodeInclusionPolicy(*s.NodeTaintsPolicy))
		}
		r.spec.WithTopologySpreadConstraints(out)
	}
}

func toleration(key, operator, value, effect string, seconds *int64) *corev1ac.TolerationApplyConfiguration {
	t := corev1ac.Toleration()
	if key != "" {
		t.WithKey(key)
	}
	if operator != "" {
		t.WithOperator(corev1.TolerationOperator(operator))
	}
	if value != "" {
		t.WithValue(value)
	}
	if effect != "" {
		t.WithEffect(corev1.TaintEffect(effect))
	}
	if seconds != nil {
		t.WithTolerationSeconds(*seconds)
	}
	return t
}
