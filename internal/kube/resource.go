package kube

import (
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// clusterScoped are the kinds without a namespace.
var clusterScoped = map[schema.GroupKind]bool{
	{Kind: "Namespace"}:        true,
	{Kind: "Node"}:             true,
	{Kind: "PersistentVolume"}: true,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}:                         true,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}:                  true,
	{Group: "networking.k8s.io", Kind: "IngressClass"}:                                true,
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                                   true,
	{Group: "storage.k8s.io", Kind: "CSIDriver"}:                                      true,
	{Group: "storage.k8s.io", Kind: "CSINode"}:                                        true,
	{Group: "storage.k8s.io", Kind: "VolumeAttachment"}:                               true,
	{Group: "scheduling.k8s.io", Kind: "PriorityClass"}:                               true,
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}:                 true,
	{Group: "cert-manager.io", Kind: "ClusterIssuer"}:                                 true,
	{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"}:     true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"}:   true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}:        true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}: true,
}

// plurals are the resources of the kinds that this provider uses. Discovery would give them too, at the price of a dozen requests
// each time the provider starts.
var plurals = map[schema.GroupKind]string{
	{Kind: "ConfigMap"}:             "configmaps",
	{Kind: "Endpoints"}:             "endpoints",
	{Kind: "Event"}:                 "events",
	{Kind: "LimitRange"}:            "limitranges",
	{Kind: "Namespace"}:             "namespaces",
	{Kind: "Node"}:                  "nodes",
	{Kind: "PersistentVolume"}:      "persistentvolumes",
	{Kind: "PersistentVolumeClaim"}: "persistentvolumeclaims",
	{Kind: "Pod"}:                   "pods",
	{Kind: "PodTemplate"}:           "podtemplates",
	{Kind: "ReplicationController"}: "replicationcontrollers",
	{Kind: "ResourceQuota"}:         "resourcequotas",
	{Kind: "Secret"}:                "secrets",
	{Kind: "Service"}:               "services",
	{Kind: "ServiceAccount"}:        "serviceaccounts",

	{Group: "apps", Kind: "ControllerRevision"}: "controllerrevisions",
	{Group: "apps", Kind: "DaemonSet"}:          "daemonsets",
	{Group: "apps", Kind: "Deployment"}:         "deployments",
	{Group: "apps", Kind: "ReplicaSet"}:         "replicasets",
	{Group: "apps", Kind: "StatefulSet"}:        "statefulsets",

	{Group: "batch", Kind: "CronJob"}: "cronjobs",
	{Group: "batch", Kind: "Job"}:     "jobs",

	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}:        "clusterroles",
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}: "clusterrolebindings",
	{Group: "rbac.authorization.k8s.io", Kind: "Role"}:               "roles",
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:        "rolebindings",

	{Group: "networking.k8s.io", Kind: "Ingress"}:       "ingresses",
	{Group: "networking.k8s.io", Kind: "IngressClass"}:  "ingressclasses",
	{Group: "networking.k8s.io", Kind: "NetworkPolicy"}: "networkpolicies",

	{Group: "policy", Kind: "PodDisruptionBudget"}: "poddisruptionbudgets",

	{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}: "horizontalpodautoscalers",

	{Group: "storage.k8s.io", Kind: "CSIDriver"}:          "csidrivers",
	{Group: "storage.k8s.io", Kind: "CSINode"}:            "csinodes",
	{Group: "storage.k8s.io", Kind: "CSIStorageCapacity"}: "csistoragecapacities",
	{Group: "storage.k8s.io", Kind: "StorageClass"}:       "storageclasses",
	{Group: "storage.k8s.io", Kind: "VolumeAttachment"}:   "volumeattachments",

	{Group: "scheduling.k8s.io", Kind: "PriorityClass"}: "priorityclasses",

	{Group: "coordination.k8s.io", Kind: "Lease"}: "leases",

	{Group: "discovery.k8s.io", Kind: "EndpointSlice"}: "endpointslices",

	{Group: "events.k8s.io", Kind: "Event"}: "events",

	{Group: "monitoring.coreos.com", Kind: "PodMonitor"}:     "podmonitors",
	{Group: "monitoring.coreos.com", Kind: "PrometheusRule"}: "prometheusrules",
	{Group: "monitoring.coreos.com", Kind: "ServiceMonitor"}: "servicemonitors",

	{Group: "cert-manager.io", Kind: "Certificate"}:   "certificates",
	{Group: "cert-manager.io", Kind: "ClusterIssuer"}: "clusterissuers",
	{Group: "cert-manager.io", Kind: "Issuer"}:        "issuers",
}

// resourceFor returns the resource that serves a kind and whether its objects live in namespaces. A kind outside the table gets the
// plural that Kubernetes' own naming rule gives, and counts as namespaced.
func resourceFor(gvk schema.GroupVersionKind) (schema.GroupVersionResource, bool) {
	namespaced := !clusterScoped[gvk.GroupKind()]
	if plural, ok := plurals[gvk.GroupKind()]; ok {
		return gvk.GroupVersion().WithResource(plural), namespaced
	}
	guess, _ := meta.UnsafeGuessKindToResource(gvk)
	return guess, namespaced
}
