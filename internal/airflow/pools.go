package airflow

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Pool limits how many tasks that name it run at once.
type Pool struct {
	Slots           int64   `tfsdk:"slots"`
	Description     *string `tfsdk:"description"`
	IncludeDeferred *bool   `tfsdk:"include_deferred"`
}

const (
	kindPool = "Pool"
	// defaultPool is that of tasks that name none. Airflow makes it itself.
	defaultPool = "default_pool"
	poolsPath   = "/api/v2/pools"
)

// Leaves of a pool.
const (
	leafSlots           = "slots"
	leafDescription     = "description"
	leafIncludeDeferred = "include_deferred"
)

var poolName = regexp.MustCompile(`^[A-Za-z0-9_][-A-Za-z0-9_. ]{0,255}$`)

func poolsAttribute() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "Pools by name, in which tasks share a number of slots. They are reconciled through the REST API, and a change in the UI shows as a difference. One that is taken out is " +
			"deleted; `" + defaultPool + "`, which Airflow makes itself, then stays as it is. Other pools are left alone.",
		Validators: []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(poolName, "must have at most 256 letters, digits, '_', '-', '.' and spaces"))},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"slots": schema.Int64Attribute{
				Required: true, Validators: []validator.Int64{int64validator.Between(-1, 1<<31-1)},
				MarkdownDescription: "How many slots the tasks of the pool have together; -1 for any number. A task takes one, or as many as its `pool_slots`.",
			},
			"description":      schema.StringAttribute{Optional: true, MarkdownDescription: "What the pool is for. Default: none.", Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"include_deferred": schema.BoolAttribute{Optional: true, MarkdownDescription: "Count deferred tasks too. Default: `false`."},
		}},
	}
}

// checkPools refuses pools that nobody could make.
func checkPools(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	if len(m.Pools) > 0 && !m.administers() {
		diags.AddAttributeError(path.Root("pools"), "Nobody can make the pools",
			"They are made by the first administrator, whom only "+fabAuthManager+" has. Remove pools, or auth_manager.")
	}
	if m.Pools[defaultPool].Description != nil {
		diags.AddAttributeError(path.Root("pools").AtMapKey(defaultPool).AtName("description"), "The description is Airflow's own",
			"Of "+defaultPool+" Airflow lets slots and include_deferred be changed alone. Remove description.")
	}
	return diags
}

// pool is one as the API has it. A change wants its name under another key.
type pool struct {
	Name            string  `json:"name,omitempty"`
	Pool            string  `json:"pool,omitempty"`
	Slots           int64   `json:"slots"`
	Description     *string `json:"description"`
	IncludeDeferred bool    `json:"include_deferred"`
}

func (p Pool) leaves(name string) leaves {
	return pool{Name: name, Slots: p.Slots, Description: p.Description, IncludeDeferred: ptr.Deref(p.IncludeDeferred, false)}.leaves()
}

func (p pool) leaves() leaves {
	out := leaves{leafSlots: strconv.FormatInt(p.Slots, 10), leafIncludeDeferred: strconv.FormatBool(p.IncludeDeferred)}
	if text := ptr.Deref(p.Description, ""); text != "" && p.Name != defaultPool {
		out[leafDescription] = text
	}
	return out
}

// lasts reports whether a pool stays when the configuration no longer has it.
func lasts(key string) bool { return key == workload.Key(kindPool, defaultPool) }

func poolPath(name string) string { return poolsPath + "/" + url.PathEscape(name) }

func (c *client) observePool(ctx context.Context, name string) (leaves, error) {
	var live pool
	err := c.send(ctx, http.MethodGet, poolPath(name), nil, &live)
	if hasStatus(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return live.leaves(), nil
}

func (c *client) applyPool(ctx context.Context, name string, p Pool) error {
	body := pool{Slots: p.Slots, Description: p.Description, IncludeDeferred: ptr.Deref(p.IncludeDeferred, false)}
	live, err := c.observePool(ctx, name)
	if err != nil {
		return err
	}
	if live == nil {
		body.Name = name
		return c.send(ctx, http.MethodPost, poolsPath, body, nil)
	}
	body.Pool = name
	at := poolPath(name)
	if name == defaultPool {
		at += "?" + url.Values{"update_mask": {leafSlots, leafIncludeDeferred}}.Encode()
	}
	return c.send(ctx, http.MethodPatch, at, body, nil)
}

func (c *client) removePool(ctx context.Context, name string) error {
	if name == defaultPool {
		return nil
	}
	err := c.send(ctx, http.MethodDelete, poolPath(name), nil, nil)
	if hasStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// hasStatus reports whether Airflow has answered with this status.
func hasStatus(err error, status int) bool {
	p, ok := errors.AsType[*problem](err)
	return ok && p.status == status
}
