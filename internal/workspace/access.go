package workspace

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	rbacv1 "k8s.io/api/rbac/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// The roles, each with the rights of those before.
const (
	roleViewer = "viewer"
	roleEditor = "editor"
	roleAdmin  = "admin"
)

var roles = []string{roleViewer, roleEditor, roleAdmin}

// rights are rules of one API group.
type rights struct {
	group     string
	resources []string
	verbs     []string
}

var (
	look = []string{"get", "list", "watch"}
	// all of the verbs, and not "*": a role that a product makes, and that names
	// verbs, may grant no more than whoever applies it has.
	all = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}
)

var viewerRights = []rights{
	{"", []string{"pods", "pods/log", "pods/status", "services", "endpoints", "configmaps", "events", "persistentvolumeclaims", "serviceaccounts", "resourcequotas", "limitranges"}, look},
	{"apps", []string{"deployments", "statefulsets", "daemonsets", "replicasets", "controllerrevisions"}, look},
	{"batch", []string{"jobs", "cronjobs"}, look},
	{"autoscaling", []string{"horizontalpodautoscalers"}, look},
	{"policy", []string{"poddisruptionbudgets"}, look},
	{"networking.k8s.io", []string{"ingresses", "networkpolicies"}, look},
	{"discovery.k8s.io", []string{"endpointslices"}, look},
	{"events.k8s.io", []string{"events"}, look},
	{"metrics.k8s.io", []string{"pods"}, look},
}

var editorRights = []rights{
	{"", []string{"pods", "services", "configmaps", "secrets", "persistentvolumeclaims", "serviceaccounts"}, all},
	{"", []string{"pods/exec", "pods/attach", "pods/portforward"}, []string{"get", "create"}},
	{"", []string{"pods/eviction"}, []string{"create"}},
	{"apps", []string{"deployments", "statefulsets", "daemonsets", "replicasets"}, all},
	{"apps", []string{"deployments/scale", "statefulsets/scale"}, []string{"get", "update", "patch"}},
	{"batch", []string{"jobs", "cronjobs"}, all},
	{"autoscaling", []string{"horizontalpodautoscalers"}, all},
	{"policy", []string{"poddisruptionbudgets"}, all},
	{"networking.k8s.io", []string{"ingresses"}, all},
	{"monitoring.coreos.com", []string{"podmonitors", "servicemonitors"}, all},
	{"keda.sh", []string{"scaledobjects", "triggerauthentications"}, all},
	{"scheduling.volcano.sh", []string{"podgroups"}, all},
	{"kueue.x-k8s.io", []string{"workloads", "localqueues"}, look},
}

var adminRights = []rights{
	{"rbac.authorization.k8s.io", []string{"roles", "rolebindings"}, all},
	{"networking.k8s.io", []string{"networkpolicies"}, all},
	{"cilium.io", []string{"ciliumnetworkpolicies"}, all},
	{"", []string{"serviceaccounts/token"}, []string{"create"}},
}

// rulesOf are those of a role in the workspace of a name.
func rulesOf(role, workspace string) []*rbacv1ac.PolicyRuleApplyConfiguration {
	granted := slices.Clone(viewerRights)
	if role != roleViewer {
		granted = append(granted, editorRights...)
	}
	if role == roleAdmin {
		granted = append(granted, adminRights...)
	}
	rules := []*rbacv1ac.PolicyRuleApplyConfiguration{
		rbacv1ac.PolicyRule().WithAPIGroups("").WithResources("namespaces").WithResourceNames(workspace).WithVerbs("get"),
	}
	for _, r := range granted {
		rules = append(rules, rbacv1ac.PolicyRule().WithAPIGroups(r.group).WithResources(r.resources...).WithVerbs(r.verbs...))
	}
	return rules
}

func (m *Model) members(role string) *Members {
	return map[string]*Members{roleViewer: m.Viewers, roleEditor: m.Editors, roleAdmin: m.Admins}[role]
}

// subjects are those who have a role, in an order that depends on nothing else.
func (m *Model) subjects(role string) []*rbacv1ac.SubjectApplyConfiguration {
	var out []*rbacv1ac.SubjectApplyConfiguration
	members := m.members(role)
	if members == nil {
		members = &Members{}
	}
	for kind, names := range map[string][]string{rbacv1.UserKind: members.Users, rbacv1.GroupKind: members.Groups} {
		for _, name := range names {
			out = append(out, rbacv1ac.Subject().WithKind(kind).WithAPIGroup(rbacv1.GroupName).WithName(name))
		}
	}
	accounts := map[serviceAccount]bool{}
	for _, text := range members.ServiceAccounts {
		// The attribute's validator has refused what is none.
		account, err := parseServiceAccount(text)
		if err == nil && account.namespace == "" {
			account.namespace = m.Name
		}
		accounts[account] = err == nil
	}
	for name, account := range m.ServiceAccounts {
		if account.Role != nil && *account.Role == role {
			accounts[serviceAccount{m.Name, name}] = true
		}
	}
	for account, valid := range accounts {
		if valid {
			out = append(out, rbacv1ac.Subject().WithKind(rbacv1.ServiceAccountKind).WithNamespace(account.namespace).WithName(account.name))
		}
	}
	slices.SortFunc(out, func(a, b *rbacv1ac.SubjectApplyConfiguration) int {
		return strings.Compare(subjectKey(a), subjectKey(b))
	})
	return out
}

func subjectKey(s *rbacv1ac.SubjectApplyConfiguration) string {
	namespace := ""
	if s.Namespace != nil {
		namespace = *s.Namespace
	}
	return *s.Kind + "/" + namespace + "/" + *s.Name
}

// access renders a Role and its RoleBinding for each role that somebody has.
func access(m *Model) []workload.Object {
	var out []workload.Object
	for _, role := range roles {
		subjects := m.subjects(role)
		if len(subjects) == 0 {
			continue
		}
		name, at := "workspace-"+role, path.Root(role+"s")
		out = append(out, workload.Object{
			Key: "Role/" + role, Stage: workload.StageIdentity, At: at,
			Manifest: rbacv1ac.Role(name, m.Name).WithRules(rulesOf(role, m.Name)...),
		}, workload.Object{
			Key: "RoleBinding/" + role, Stage: workload.StageIdentity, At: at,
			Manifest: rbacv1ac.RoleBinding(name, m.Name).WithSubjects(subjects...).
				WithRoleRef(rbacv1ac.RoleRef().WithAPIGroup(rbacv1.GroupName).WithKind("Role").WithName(name)),
		})
	}
	return out
}

// checkAccess finds service accounts that the workspace does not have.
func checkAccess(m *Model, diags *diag.Diagnostics) {
	if _, taken := m.ServiceAccounts[defaultAccount]; taken {
		diags.AddAttributeError(path.Root("service_accounts").AtMapKey(defaultAccount), "The service account is Kubernetes' own",
			"Every namespace has a service account \"default\", with which pods run that name no other. It has no rights here. Choose another name.")
	}
}
