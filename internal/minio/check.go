package minio

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// builtInPolicies are those that every MinIO has.
var builtInPolicies = []string{"consoleAdmin", "diagnostics", "readonly", "readwrite", "writeonly"}

// check finds what no server could run with, or what would contradict itself.
func check(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	for i, p := range m.Pools {
		at := path.Root("pools").AtListIndex(i)
		if p.Servers*p.drives() == 1 && len(m.Pools) > 1 {
			diags.AddAttributeError(at, "A pool of one server with one drive stands alone",
				"MinIO cannot combine a single drive with further pools. Give the pool more servers or drives, or keep it as the only one.")
		}
	}
	diags.Append(validate.OwnedKeys(path.Root("env"), "variable", m.Env, ownVariables)...)
	diags.Append(validate.OwnedKeys(path.Root("env_from_keys"), "variable", m.EnvFromKeys, ownVariables)...)
	if _, taken := m.PodLabels[componentLabel]; taken {
		diags.AddAttributeError(path.Root("pod_labels").AtMapKey(componentLabel), "The label is taken",
			"The pods of each pool are found by the label "+componentLabel+". Choose another key.")
	}
	for _, name := range slices.Sorted(maps.Keys(m.Users)) {
		diags.Append(checkUser(m, name, m.Users[name])...)
	}
	for name := range m.Policies {
		if slices.Contains(builtInPolicies, name) {
			diags.AddAttributeError(path.Root("policies").AtMapKey(name), "The policy is MinIO's own",
				fmt.Sprintf("%q is built in and cannot be defined again. Choose another name.", name))
		}
	}
	for name, b := range m.Buckets {
		if isTrue(b.ObjectLock) && b.Versioning != nil && !*b.Versioning {
			diags.AddAttributeError(path.Root("buckets").AtMapKey(name).AtName("versioning"), "Object lock needs versioning",
				"A bucket with object_lock = true is always versioned. Remove versioning = false, or object_lock.")
		}
		for i, rule := range b.Lifecycle {
			if rule.ExpireDays == nil && rule.ExpireNoncurrentDays == nil {
				diags.AddAttributeError(path.Root("buckets").AtMapKey(name).AtName("lifecycle").AtListIndex(i), "The rule does nothing",
					"Set expire_days, expire_noncurrent_days or both.")
			}
		}
	}
	diags.Append(ptr.Deref(m.RootCredentials, RootCredentials{}).Check(path.Root("root_credentials"))...)
	diags.Append(m.Service.Check(path.Root("service"))...)
	return diags
}

func checkUser(m *Model, name string, u User) diag.Diagnostics {
	var diags diag.Diagnostics
	at := path.Root("users").AtMapKey(name)
	for i, policy := range u.Policies {
		if _, defined := m.Policies[policy]; !defined && !slices.Contains(builtInPolicies, policy) {
			known := append(slices.Sorted(maps.Keys(m.Policies)), builtInPolicies...)
			diags.AddAttributeError(at.AtName("policies").AtListIndex(i), "The policy does not exist",
				fmt.Sprintf("%q is neither defined in policies nor built in. There are: %s.", policy, strings.Join(known, ", ")))
		}
	}
	if u.Bucket != nil {
		if _, defined := m.Buckets[*u.Bucket]; !defined {
			diags.AddAttributeError(at.AtName("bucket"), "The bucket does not exist",
				fmt.Sprintf("%q is not one of buckets. There are: %s.", *u.Bucket, orNone(slices.Sorted(maps.Keys(m.Buckets)))))
		}
	}
	return diags
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// capacityOf computes what the drives amount to.
func capacityOf(m *Model) (*Capacity, diag.Diagnostics) {
	var diags diag.Diagnostics
	var c Capacity
	for i, p := range m.Pools {
		at := path.Root("pools").AtListIndex(i)
		size, err := resource.ParseQuantity(p.Size)
		if err != nil {
			diags.AddAttributeError(at.AtName("size"), "Invalid quantity", err.Error())
			return nil, diags
		}
		var parity *int
		if m.Parity != nil {
			n := int(*m.Parity)
			parity = &n
		} else if i > 0 {
			// The first pool decides for all.
			n := int(c.Parity)
			parity = &n
		}
		t, err := newTopology(int(p.Servers), int(p.drives()), size.Value(), parity)
		if err != nil {
			diags.AddAttributeError(at, "The pool cannot work", err.Error())
			return nil, diags
		}
		if i == 0 {
			c = Capacity{
				SetSize: int64(t.SetSize), Sets: int64(t.Sets), Parity: int64(t.Parity),
				DriveLossesRead: int64(t.ReadLosses), DriveLossesWrite: int64(t.WriteLosses), ServerLossesWrite: int64(t.Servers),
			}
		}
		c.RawBytes += t.RawBytes
		c.UsableBytes += t.UsableBytes
	}
	return &c, diags
}

// checkUpdate finds changes that a running MinIO cannot follow.
func checkUpdate(prior, planned *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	if len(planned.Pools) < len(prior.Pools) {
		diags.AddAttributeError(path.Root("pools"), "A pool cannot be removed",
			fmt.Sprintf("There are %d pools, and the configuration has %d. Objects are spread over all of them, so that removing one would lose data. "+
				"Put the pool back; to leave it, decommission it with MinIO's own tools and move to a new resource.", len(prior.Pools), len(planned.Pools)))
	}
	for i := range min(len(prior.Pools), len(planned.Pools)) {
		was, is := prior.Pools[i], planned.Pools[i]
		if was.Servers == is.Servers && was.drives() == is.drives() {
			continue
		}
		diags.AddAttributeError(path.Root("pools").AtListIndex(i), "A pool cannot change its servers or drives",
			fmt.Sprintf("It has %d servers with %d drives each, and the configuration wants %d with %d. MinIO fixes both when the pool is made. "+
				"Leave it as it is, and add a pool at the end of the list, or grow its size.", was.Servers, was.drives(), is.Servers, is.drives()))
	}
	if len(planned.Pools) > len(prior.Pools) && len(prior.Pools) == 1 && prior.Pools[0].Servers*prior.Pools[0].drives() == 1 {
		diags.AddAttributeError(path.Root("pools"), "A single drive cannot be expanded",
			"MinIO can never add a pool to one server with one drive. Create a new resource with more servers or drives, and copy the objects.")
	}
	for name, is := range planned.Buckets {
		if was, there := prior.Buckets[name]; there && isTrue(was.ObjectLock) != isTrue(is.ObjectLock) {
			diags.AddAttributeError(path.Root("buckets").AtMapKey(name).AtName("object_lock"), "Object lock cannot change",
				"Only a new bucket can have it, and it stays. Create a bucket of another name and copy the objects.")
		}
	}
	return diags
}
