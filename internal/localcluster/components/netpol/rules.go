package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	corelisters "k8s.io/client-go/listers/core/v1"
	netlisters "k8s.io/client-go/listers/networking/v1"
)

// world is what the rules are made of.
type world struct {
	pods       corelisters.PodLister
	namespaces corelisters.NamespaceLister
	policies   netlisters.NetworkPolicyLister
}

// rules is the whole table. A pod that no policy selects has no chain.
func (w world) rules() string {
	var chains, in, out strings.Builder
	for _, pod := range w.addressed() {
		policies, _ := w.policies.NetworkPolicies(pod.Namespace).List(labels.Everything())
		slices.SortFunc(policies, func(a, b *netv1.NetworkPolicy) int { return cmp.Compare(a.Name, b.Name) })
		var ingress, egress []string
		var isIn, isOut bool
		for _, p := range policies {
			if !matches(&p.Spec.PodSelector, pod.Labels) {
				continue
			}
			for _, t := range p.Spec.PolicyTypes {
				switch t {
				case netv1.PolicyTypeIngress:
					isIn = true
					for _, r := range p.Spec.Ingress {
						ingress = append(ingress, w.allow("saddr", p.Namespace, r.From, r.Ports, pod)...)
					}
				case netv1.PolicyTypeEgress:
					isOut = true
					for _, r := range p.Spec.Egress {
						egress = append(egress, w.allow("daddr", p.Namespace, r.To, r.Ports, nil)...)
					}
				}
			}
		}
		ip := pod.Status.PodIP
		chain := func(dir string, isolated bool, allowed []string, entry *strings.Builder) {
			if !isolated {
				return
			}
			name := dir + "-" + strings.ReplaceAll(ip, ".", "-")
			fmt.Fprintf(entry, "    %s : goto %s,\n", ip, name)
			fmt.Fprintf(&chains, "  # %s/%s\n  chain %s {\n", pod.Namespace, pod.Name, name)
			for _, a := range allowed {
				fmt.Fprintf(&chains, "    %s\n", strings.TrimSpace(a+" return"))
			}
			fmt.Fprintf(&chains, "    counter drop\n  }\n")
		}
		chain("in", isIn, ingress, &in)
		chain("out", isOut, egress, &out)
	}
	entry := func(addr string, b *strings.Builder) string {
		if b.Len() == 0 {
			return ""
		}
		return fmt.Sprintf("    ip %s vmap {\n%s    }\n", addr, b.String())
	}
	return `table ip analytics-netpol
delete table ip analytics-netpol
table ip analytics-netpol {
` + chains.String() + `  chain ingress {
` + entry("daddr", &in) + `  }
  chain egress {
` + entry("saddr", &out) + `  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    jump egress
    jump ingress
  }
  chain input { # from a pod to the node
    type filter hook input priority filter; policy accept;
    ct state established,related accept
    jump egress
  }
}
`
}

// podsIn lists the pods of a namespace that podSel selects. With namespace ""
// it looks in all namespaces that nsSel selects. A nil selector selects all.
func (w world) podsIn(namespace string, nsSel, podSel *metav1.LabelSelector) []*corev1.Pod {
	var got []*corev1.Pod
	for _, p := range w.addressed() {
		if namespace != "" && p.Namespace != namespace {
			continue
		}
		if nsSel != nil {
			ns, err := w.namespaces.Get(p.Namespace)
			if err != nil || !matches(nsSel, ns.Labels) {
				continue
			}
		}
		if podSel == nil || matches(podSel, p.Labels) {
			got = append(got, p)
		}
	}
	return got
}

// addressed lists the pods that have an address of their own, by address. Of a
// pod that is going and a new one that already has its address, it is the new
// one's.
func (w world) addressed() []*corev1.Pod {
	all, _ := w.pods.List(labels.Everything())
	all = slices.DeleteFunc(slices.Clone(all), func(p *corev1.Pod) bool {
		return p.Status.PodIP == "" || p.Spec.HostNetwork || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
	})
	going := func(p *corev1.Pod) int {
		if p.DeletionTimestamp != nil {
			return 1
		}
		return 0
	}
	slices.SortFunc(all, func(a, b *corev1.Pod) int {
		return cmp.Or(cmp.Compare(a.Status.PodIP, b.Status.PodIP), going(a)-going(b), cmp.Compare(a.UID, b.UID))
	})
	return slices.CompactFunc(all, func(a, b *corev1.Pod) bool { return a.Status.PodIP == b.Status.PodIP })
}

// matches says whether a selector selects something with these labels.
func matches(s *metav1.LabelSelector, l map[string]string) bool {
	sel, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && sel.Matches(labels.Set(l))
}

// allow turns one rule of a policy into nft matches. addr is the side that the
// peers are on; target is the pod whose named ports count (nil: each peer's own).
func (w world) allow(addr, namespace string, peers []netv1.NetworkPolicyPeer, ports []netv1.NetworkPolicyPort, target *corev1.Pod) []string {
	var out []string
	add := func(match string, owner *corev1.Pod) {
		if len(ports) == 0 {
			out = append(out, match)
		}
		for _, p := range ports {
			if m, ok := portMatch(p, owner); ok {
				out = append(out, strings.TrimSpace(match+" "+m))
			}
		}
	}
	if len(peers) == 0 {
		add("", target)
	}
	for _, peer := range peers {
		if b := peer.IPBlock; b != nil {
			match := "ip " + addr + " " + b.CIDR
			if len(b.Except) > 0 {
				match += " ip " + addr + " != { " + strings.Join(b.Except, ", ") + " }"
			}
			if !strings.Contains(b.CIDR, ":") {
				add(match, target)
			}
			continue
		}
		ns := namespace
		if peer.NamespaceSelector != nil {
			ns = ""
		}
		for _, p := range w.podsIn(ns, peer.NamespaceSelector, peer.PodSelector) {
			owner := target
			if owner == nil {
				owner = p
			}
			add("ip "+addr+" "+p.Status.PodIP, owner)
		}
	}
	return out
}

// portMatch turns a port of a policy into an nft match. A named port is looked up
// in its owner, and there is none to match where the owner has no such port.
func portMatch(p netv1.NetworkPolicyPort, owner *corev1.Pod) (string, bool) {
	proto := corev1.ProtocolTCP
	if p.Protocol != nil {
		proto = *p.Protocol
	}
	l4 := strings.ToLower(string(proto))
	switch {
	case p.Port == nil:
		return "meta l4proto " + l4, true
	case p.Port.Type == intstr.Int && p.EndPort != nil:
		return fmt.Sprintf("%s dport %d-%d", l4, p.Port.IntVal, *p.EndPort), true
	case p.Port.Type == intstr.Int:
		return fmt.Sprintf("%s dport %d", l4, p.Port.IntVal), true
	case owner != nil:
		for _, c := range owner.Spec.Containers {
			for _, cp := range c.Ports {
				if cp.Name == p.Port.StrVal && (cp.Protocol == proto || cp.Protocol == "" && proto == corev1.ProtocolTCP) {
					return fmt.Sprintf("%s dport %d", l4, cp.ContainerPort), true
				}
			}
		}
	}
	return "", false
}
