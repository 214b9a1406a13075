package workspace

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// reserved are namespaces, or prefixes of such, that belong to the cluster.
var reserved = []string{"default", "kube-*", "openshift-*", "openshift"}

// Name validates the name of a namespace that a team may have.
func Name() validate.Text {
	label := validate.DNSLabel()
	label.Check = func(s string) error {
		if err := validate.DNSLabel().Check(s); err != nil {
			return err
		}
		for _, r := range reserved {
			if prefix, isPrefix := strings.CutSuffix(r, "*"); s == r || isPrefix && strings.HasPrefix(s, prefix) {
				return fmt.Errorf("%q belongs to the cluster itself, as all of %s do; choose another name", s, strings.Join(reserved, ", "))
			}
		}
		return nil
	}
	return label
}

// anybody are users and groups that stand for whoever comes.
var anybody = []string{"system:anonymous", "system:unauthenticated"}

// Subject validates the name of a user or of a group.
func Subject() validate.Text {
	return validate.Text{
		Allowed: "the name of a user or of a group",
		Check: func(s string) error {
			switch {
			case strings.TrimSpace(s) != s || s == "":
				return fmt.Errorf("%q is empty, or begins or ends with white space", s)
			case slices.Contains(anybody, s):
				return fmt.Errorf("%q stands for people who have not said who they are", s)
			case strings.HasPrefix(s, "system:serviceaccount:"):
				return fmt.Errorf("%q is a service account; put %q into service_accounts", s, strings.ReplaceAll(strings.TrimPrefix(s, "system:serviceaccount:"), ":", "/"))
			}
			return nil
		},
		Forms: [2]string{"standin-a", "standin-b"},
	}
}

// serviceAccount is one of a namespace, "" being the workspace itself.
type serviceAccount struct{ namespace, name string }

func parseServiceAccount(text string) (serviceAccount, error) {
	var a serviceAccount
	namespace, name, qualified := strings.Cut(text, "/")
	if !qualified {
		namespace, name = "", text
	} else if messages := validation.IsDNS1123Label(namespace); len(messages) > 0 {
		return a, fmt.Errorf("%q is no namespace: %s", namespace, strings.Join(messages, "; "))
	}
	if messages := validation.IsDNS1123Subdomain(name); len(messages) > 0 {
		return a, fmt.Errorf("%q is no service account: %s", name, strings.Join(messages, "; "))
	}
	return serviceAccount{namespace, name}, nil
}

// ServiceAccountName validates a reference to a service account.
func ServiceAccountName() validate.Text {
	return validate.Text{
		Allowed: `a service account, "NAME" of the workspace or "NAMESPACE/NAME"`,
		Check:   func(s string) error { _, err := parseServiceAccount(s); return err },
		Forms:   [2]string{"standin-a", "standin-b"},
	}
}

// ownAttributes are the resources of a quota that have attributes of their own.
var ownAttributes = map[string]string{
	"cpu": "requests.cpu", "memory": "requests.memory", "ephemeral-storage": "requests.ephemeral_storage",
	"requests.cpu": "requests.cpu", "requests.memory": "requests.memory", "requests.ephemeral-storage": "requests.ephemeral_storage",
	"limits.cpu": "limits.cpu", "limits.memory": "limits.memory", "limits.ephemeral-storage": "limits.ephemeral_storage",
	"requests.storage": "storage", "persistentvolumeclaims": "persistent_volume_claims", "count/persistentvolumeclaims": "persistent_volume_claims",
	"pods": "pods", "count/pods": "pods", "services.loadbalancers": "load_balancers", "services.nodeports": "node_ports",
}

const classSuffix = ".storageclass.storage.k8s.io/"

// plainCounts are the objects that a quota counts without the prefix count/.
var plainCounts = []string{"services", "secrets", "configmaps", "replicationcontrollers", "resourcequotas"}

var counted = regexp.MustCompile(`^[a-z][a-z0-9]*(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// QuotaResource validates the name of a resource that a quota counts and that no
// attribute of its own stands for.
func QuotaResource() validate.Text {
	return validate.Text{
		Allowed: `a resource of a ResourceQuota such as "count/jobs.batch", "secrets" or "requests.nvidia.com/gpu"`,
		Check: func(s string) error {
			if attribute, has := ownAttributes[s]; has {
				return fmt.Errorf("%q has an attribute of its own; set quota.%s", s, attribute)
			}
			if class, _, found := strings.Cut(s, classSuffix); found {
				return fmt.Errorf("%q has an attribute of its own; set quota.storage_classes[%q]", s, class)
			}
			if slices.Contains(plainCounts, s) {
				return nil
			}
			if what, isCount := strings.CutPrefix(s, "count/"); isCount {
				if !counted.MatchString(what) {
					return fmt.Errorf("%q does not name objects in their plural, with their group: count/RESOURCE or count/RESOURCE.GROUP", s)
				}
				return nil
			}
			extended, isRequest := strings.CutPrefix(s, "requests.")
			switch {
			case isRequest && strings.Contains(extended, "/") && len(validation.IsQualifiedName(extended)) == 0:
				return nil
			case strings.Contains(s, "/") && len(validation.IsQualifiedName(s)) == 0:
				return fmt.Errorf("of extended resources a quota counts requests only; write %q", "requests."+s)
			}
			return fmt.Errorf("%q is none that Kubernetes counts", s)
		},
		Forms: [2]string{"count/jobs.batch", "count/cronjobs.batch"},
	}
}

// QuotaAmount validates how much of such a resource there may be.
func QuotaAmount() validate.Text {
	return validate.Text{
		Allowed: "a whole number, zero or above",
		Check: func(s string) error {
			q, err := validate.ParseQuantity(s)
			switch {
			case err != nil:
				return err
			case q.Sign() < 0:
				return fmt.Errorf("%q is below zero", s)
			case q.CmpInt64(math.MaxInt64) > 0:
				return fmt.Errorf("%q is too much", s)
			case q.CmpInt64(q.Value()) != 0:
				return fmt.Errorf("%q is no whole number", s)
			}
			return nil
		},
		Forms: [2]string{"1", "2"},
	}
}
