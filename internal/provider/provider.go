// Package provider is the Terraform provider: its configuration, and the list of
// what it offers.
package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/airflow"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/minio"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/mlflow"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/script"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/spark"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workspace"
)

// Provider is the analytics provider.
type Provider struct {
	version  string
	settings *workload.Settings
}

var (
	_ provider.ProviderWithValidateConfig = (*Provider)(nil)
	_ provider.ProviderWithActions        = (*Provider)(nil)
)

// New returns the constructor of the provider.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &Provider{version: version} }
}

// Metadata names the provider.
func (p *Provider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "analytics"
	resp.Version = p.version
}

// Schema gives the attributes of the provider block.
func (p *Provider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Runs a data analytics stack on Kubernetes.",
		Attributes:          attributes(),
	}
}

// ValidateConfig finds settings that contradict each other, once all are known.
func (p *Provider) ValidateConfig(ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	if len(unknownAttributes(req.Config.Raw)) > 0 {
		return
	}
	m, diags := decode(ctx, req.Config, 0)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	_, diags = m.connection()
	resp.Diagnostics.Append(diags...)
}

// Configure makes the settings of the resources from the provider block. It asks
// nothing of the cluster.
func (p *Provider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	unknown := unknownAttributes(req.Config.Raw)
	m, diags := decode(ctx, req.Config, 0)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	alternative, diags := decode(ctx, req.Config, 1)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	settings := &workload.Settings{
		Environments:    [2]workload.Environment{m.environment(), alternative.environment()},
		Ignore:          m.Ignore,
		PlanChecks:      m.planChecks(),
		ShortCreatePlan: m.CreatePlan != nil && *m.CreatePlan == createPlanShort,
	}
	connection, diags := m.connection()
	if len(unknown) == 0 {
		resp.Diagnostics.Append(diags...)
		if _, err := connection.RESTConfig(); errors.Is(err, os.ErrNotExist) {
			unknown = []string{"config_path"}
			resp.Diagnostics.AddAttributeWarning(path.Root("config_path"), "The kubeconfig does not exist yet",
				fmt.Sprintf("%v. A plan shows what the configuration means, and checks nothing with the cluster. It has to exist when resources are applied.", err))
		}
	}
	settings.Unknown = unknown
	settings.Cluster = sync.OnceValues(func() (*kube.Cluster, error) {
		config, err := connection.RESTConfig()
		if err != nil {
			return nil, err
		}
		config.UserAgent = kube.FieldManager + "/" + p.version
		return kube.New(config)
	})
	p.settings = settings
	resp.ResourceData = settings
	resp.DataSourceData = settings
	resp.ActionData = settings
}

// Settings are those of the last Configure, nil before it.
func (p *Provider) Settings() *workload.Settings { return p.settings }

// Resources lists what the provider offers.
func (p *Provider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		workload.NewResource(airflow.Product()),
		workload.NewResource(minio.Product()),
		workload.NewResource(mlflow.Product()),
		workload.NewResource(script.AutomationProduct()),
		workload.NewResource(script.IngestionProduct()),
		workload.NewResource(workspace.Product()),
		workload.NewResource(spark.Product()),
		workload.NewResource(spark.ConnectProduct()),
		workload.NewResource(spark.HistoryProduct()),
	}
}

// Actions lists what can be done besides changing resources.
func (p *Provider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{run.NewAction}
}

// DataSources lists none: the resources' own attributes say what there is to
// know.
func (p *Provider) DataSources(context.Context) []func() datasource.DataSource {
	return nil
}
