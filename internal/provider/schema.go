package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Values of create_plan.
const (
	createPlanFull  = "full"
	createPlanShort = "short"
)

func attributes() map[string]schema.Attribute {
	all := connectionAttributes()
	all["defaults"] = defaultsAttribute()
	all["ignore"] = schema.ListNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Fields of any Kubernetes object that are left to others. What others set there is neither shown nor repaired, and stays when the object changes.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"kind": schema.StringAttribute{Optional: true, MarkdownDescription: "Kind of the object, for instance `Deployment`. Default: every kind."},
			"name": schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the object. Default: every name."},
			"path": schema.StringAttribute{Required: true, MarkdownDescription: "Path of the field as `objects` shows it, for instance " +
				"`metadata.annotations[example.com/restarted-at]`. The fields below it are ignored too. `*` stands for any one element."},
		}},
	}
	all["plan_checks"] = schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "Whether a plan asks the API server, with dry runs, what it would say to the objects that change: schema, quota, Pod " +
			"Security and admission policies. `error` (default) fails the plan, `warn` shows warnings, `off` does not ask.",
		Validators: []validator.String{stringvalidator.OneOf(workload.PlanChecksOff, workload.PlanChecksWarn, workload.PlanChecksError)},
	}
	all["create_plan"] = schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "`full` (default) shows every field of every object that a new resource creates; `short` shows `objects` as known " +
			"after apply. Changes of a resource that exists are always shown in full.",
		Validators: []validator.String{stringvalidator.OneOf(createPlanFull, createPlanShort)},
	}
	return all
}

// connectionAttributes have the names and meanings of the hashicorp/kubernetes
// provider, so that its configuration can be copied.
func connectionAttributes() map[string]schema.Attribute {
	text := func(description string, validators ...validator.String) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: validators}
	}
	secret := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"host":                     text("Address of the API server, for instance `https://10.0.0.1:6443`. Environment: `KUBE_HOST`."),
		"username":                 text("User name for basic authentication. Environment: `KUBE_USER`."),
		"password":                 secret("Password for basic authentication. Environment: `KUBE_PASSWORD`."),
		"insecure":                 schema.BoolAttribute{Optional: true, MarkdownDescription: "Do not verify the API server's certificate. Environment: `KUBE_INSECURE`."},
		"tls_server_name":          text("Name to expect in the API server's certificate instead of the host's. Environment: `KUBE_TLS_SERVER_NAME`."),
		"client_certificate":       text("PEM of the client certificate. Environment: `KUBE_CLIENT_CERT_DATA`."),
		"client_key":               secret("PEM of the client certificate's key. Environment: `KUBE_CLIENT_KEY_DATA`."),
		"cluster_ca_certificate":   text("PEM of the certificate authorities that the API server's certificate is verified against. Environment: `KUBE_CLUSTER_CA_CERT_DATA`."),
		"config_path":              text("Path of a kubeconfig file. A plan does without it while it does not exist yet. Environment: `KUBE_CONFIG_PATH`.", stringvalidator.ConflictsWith(path.MatchRoot("config_paths"))),
		"config_paths":             schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Paths of kubeconfig files, merged. Environment: `KUBE_CONFIG_PATHS`.", Validators: []validator.List{listvalidator.SizeAtLeast(1)}},
		"config_context":           text("Context of the kubeconfig. Default: its current context. Environment: `KUBE_CTX`."),
		"config_context_auth_info": text("User of the kubeconfig, instead of the context's. Environment: `KUBE_CTX_AUTH_INFO`."),
		"config_context_cluster":   text("Cluster of the kubeconfig, instead of the context's. Environment: `KUBE_CTX_CLUSTER`."),
		"token":                    secret("Bearer token. Environment: `KUBE_TOKEN`."),
		"proxy_url":                text("Proxy for all requests to the API server, `http`, `https` or `socks5`. Environment: `KUBE_PROXY_URL`."),
		"exec": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Command that prints credentials. It runs again when they expire.",
			Attributes: map[string]schema.Attribute{
				"api_version": schema.StringAttribute{
					Required: true, MarkdownDescription: "`client.authentication.k8s.io/v1` or `/v1beta1`.",
					Validators: []validator.String{stringvalidator.OneOf("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")},
				},
				"command": schema.StringAttribute{Required: true, MarkdownDescription: "Command to run."},
				"args":    schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Arguments of the command."},
				"env":     schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Environment variables of the command, beside the provider's own."},
			},
		},
	}
}

func defaultsAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "What every resource takes over unless it says otherwise.",
		Attributes: map[string]schema.Attribute{
			"namespace":          schema.StringAttribute{Optional: true, MarkdownDescription: "Namespace of resources that name none. Default: `default`."},
			"labels":             schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Labels of all objects and pods."},
			"annotations":        schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Annotations of all objects."},
			"image_registry":     schema.StringAttribute{Optional: true, MarkdownDescription: "Registry, optionally with a path, that mirrors the default images, for instance `registry.example.com/mirror`. It replaces the host in the name of each default image."},
			"image_pull_secrets": schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Names of Secrets with which images are pulled."},
			"node_selector":      schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Node labels that all pods require."},
			"tolerations": schema.ListNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Taints that all pods tolerate.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"key":                schema.StringAttribute{Optional: true, MarkdownDescription: "Key of the taint. Default: every key."},
					"operator":           schema.StringAttribute{Optional: true, MarkdownDescription: "`Equal` (default) or `Exists`.", Validators: []validator.String{stringvalidator.OneOf("Equal", "Exists")}},
					"value":              schema.StringAttribute{Optional: true, MarkdownDescription: "Value of the taint."},
					"effect":             schema.StringAttribute{Optional: true, MarkdownDescription: "`NoSchedule`, `PreferNoSchedule` or `NoExecute`. Default: every effect.", Validators: []validator.String{stringvalidator.OneOf("NoSchedule", "PreferNoSchedule", "NoExecute")}},
					"toleration_seconds": schema.Int64Attribute{Optional: true, MarkdownDescription: "How long a `NoExecute` taint is tolerated, in seconds. Default: for ever."},
				}},
			},
			"priority_class": schema.StringAttribute{Optional: true, MarkdownDescription: "PriorityClass of all pods."},
			"cluster_domain": schema.StringAttribute{Optional: true, MarkdownDescription: "DNS domain of the cluster. Default: `cluster.local`."},
			"proxy": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "HTTP proxy of all pods.",
				Attributes: map[string]schema.Attribute{
					"http":     schema.StringAttribute{Optional: true, MarkdownDescription: "`HTTP_PROXY`."},
					"https":    schema.StringAttribute{Optional: true, MarkdownDescription: "`HTTPS_PROXY`."},
					"no_proxy": schema.StringAttribute{Optional: true, MarkdownDescription: "`NO_PROXY`."},
				},
			},
			"ca_bundle": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Certificate authorities that all pods trust.",
				Attributes: map[string]schema.Attribute{
					"config_map": schema.StringAttribute{Required: true, MarkdownDescription: "Name of a ConfigMap in the namespace of each resource."},
					"key":        schema.StringAttribute{Optional: true, MarkdownDescription: "Key of the ConfigMap. Default: `ca.crt`."},
				},
			},
		},
	}
}
