// Package workspace is analytics_workspace: a team's isolated namespace, with its
// quota, limits, network policies, roles and service accounts.
package workspace

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const productName = "workspace"

// Model is the configuration of analytics_workspace.
type Model struct {
	workload.ClusterScoped
	NamespaceLabels      map[string]string         `tfsdk:"namespace_labels"`
	NamespaceAnnotations map[string]string         `tfsdk:"namespace_annotations"`
	PodSecurity          *PodSecurity              `tfsdk:"pod_security"`
	Quota                *Quota                    `tfsdk:"quota"`
	LimitRange           *LimitRange               `tfsdk:"limit_range"`
	Network              *Network                  `tfsdk:"network"`
	Viewers              *Members                  `tfsdk:"viewers"`
	Editors              *Members                  `tfsdk:"editors"`
	Admins               *Members                  `tfsdk:"admins"`
	ServiceAccounts      map[string]ServiceAccount `tfsdk:"service_accounts"`
	PullSecrets          map[string]PullSecret     `tfsdk:"pull_secrets"`
	QuotaUsage           map[string]Usage          `tfsdk:"quota_usage"`
}

// PodSecurity are the levels of the Pod Security Standards.
type PodSecurity struct {
	Enforce *string `tfsdk:"enforce"`
	Warn    *string `tfsdk:"warn"`
	Audit   *string `tfsdk:"audit"`
	Version *string `tfsdk:"version"`
}

// Quota limits what all pods and volumes of the workspace may have together.
type Quota struct {
	Requests       *pod.Amounts            `tfsdk:"requests"`
	Limits         *pod.Amounts            `tfsdk:"limits"`
	Storage        *string                 `tfsdk:"storage"`
	Volumes        *int64                  `tfsdk:"persistent_volume_claims"`
	StorageClasses map[string]StorageClass `tfsdk:"storage_classes"`
	Pods           *int64                  `tfsdk:"pods"`
	LoadBalancers  *int64                  `tfsdk:"load_balancers"`
	NodePorts      *int64                  `tfsdk:"node_ports"`
	Hard           map[string]string       `tfsdk:"hard"`
}

// StorageClass limits the volumes of one class.
type StorageClass struct {
	Storage *string `tfsdk:"storage"`
	Volumes *int64  `tfsdk:"persistent_volume_claims"`
}

// LimitRange is what single containers, pods and volumes may have, and what
// containers get that ask for nothing.
type LimitRange struct {
	Container *ContainerLimits `tfsdk:"container"`
	Pod       *Bounds          `tfsdk:"pod"`
	Volume    *VolumeBounds    `tfsdk:"persistent_volume_claim"`
}

// ContainerLimits are those of each container.
type ContainerLimits struct {
	DefaultRequest *pod.Amounts `tfsdk:"default_request"`
	Default        *pod.Amounts `tfsdk:"default"`
	Min            *pod.Amounts `tfsdk:"min"`
	Max            *pod.Amounts `tfsdk:"max"`
}

// Bounds are those of each pod, the sum of its containers.
type Bounds struct {
	Min *pod.Amounts `tfsdk:"min"`
	Max *pod.Amounts `tfsdk:"max"`
}

// VolumeBounds are those of the size of each volume.
type VolumeBounds struct {
	Min *string `tfsdk:"min"`
	Max *string `tfsdk:"max"`
}

// Network is who may connect to pods of the workspace, and what these may connect to.
type Network struct {
	Isolated       *bool      `tfsdk:"isolated"`
	AllowWithin    *bool      `tfsdk:"allow_within"`
	AllowFrom      []string   `tfsdk:"allow_from"`
	AllowTo        []string   `tfsdk:"allow_to"`
	APIServerCIDRs []string   `tfsdk:"api_server_cidrs"`
	Ingress        []pod.Rule `tfsdk:"ingress"`
	Egress         []pod.Rule `tfsdk:"egress"`
}

// Members are those who have a role.
type Members struct {
	Users           []string `tfsdk:"users"`
	Groups          []string `tfsdk:"groups"`
	ServiceAccounts []string `tfsdk:"service_accounts"`
}

// ServiceAccount is one of the workspace's own.
type ServiceAccount struct {
	Role        *string           `tfsdk:"role"`
	Annotations map[string]string `tfsdk:"annotations"`
}

// PullSecret is a Secret that is copied into the workspace.
type PullSecret struct {
	Namespace string  `tfsdk:"namespace"`
	Secret    string  `tfsdk:"secret"`
	Version   *string `tfsdk:"version"`
}

// Usage is how much of a quota is used.
type Usage struct {
	Hard string `tfsdk:"hard"`
	Used string `tfsdk:"used"`
}

// Product is analytics_workspace.
func Product() workload.Product[Model] {
	return workload.Product[Model]{Name: productName, Schema: resourceSchema, Render: render, Status: status()}
}

var podSecurityVersion = regexp.MustCompile(`^(latest|v1\.[0-9]{1,3})$`)

func resourceSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "A team's isolated namespace: Pod Security level, quota, default limits, network policies, roles and service accounts.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the namespace, which the resource makes: at most 63 lower case letters, digits and `-`. Other resources take it as their `namespace`. " +
					"Changing it replaces the resource.",
				Validators: []validator.String{Name()},
			},
			"namespace_labels": schema.MapAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.Map{validate.Keys{Text: validate.LabelKey()}, validate.Each{Text: validate.LabelValue()}},
				MarkdownDescription: "Labels of the namespace alone, added to `labels`: a cost centre, for instance, by which tools such as OpenCost and Kubecost allocate what runs in it.",
			},
			"namespace_annotations": schema.MapAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.Map{validate.Keys{Text: validate.AnnotationKey()}},
				MarkdownDescription: "Annotations of the namespace alone, added to `annotations`.",
			},
			"pod_security": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Levels of the Pod Security Standards: `privileged`, `baseline` or `restricted`. All pods of this provider pass `restricted`.",
				Attributes: map[string]schema.Attribute{
					"enforce": level("Pods that violate it are refused. Default: `restricted`."),
					"warn":    level("Pods that violate it are warned about. Default: `restricted`."),
					"audit":   level("Pods that violate it are noted in the audit log. Default: `restricted`."),
					"version": schema.StringAttribute{
						Optional: true, MarkdownDescription: "Version of the standards, `v1.33` for instance. Default: `latest`, that of the cluster.",
						Validators: []validator.String{stringvalidator.RegexMatches(podSecurityVersion, "must be \"latest\" or a minor version of Kubernetes such as \"v1.33\"")},
					},
				},
			},
			"quota":       quotaAttribute(),
			"limit_range": limitRangeAttribute(),
			"network":     networkAttribute(),
			"viewers":     membersAttribute("Who may look at everything in the workspace but Secrets."),
			"editors":     membersAttribute("Who may, beyond that, run, change and delete workloads, enter pods, and read and write Secrets."),
			"admins": membersAttribute("Who may, beyond that, grant rights in the workspace, make network policies, and get tokens of its service accounts. " +
				"Neither may change quota, limits or the namespace itself."),
			"service_accounts": schema.MapNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Service accounts by name, for instance for a CI system. They pull images with `pull_secrets`, and no pod gets their token unless it asks for it.",
				Validators:          []validator.Map{validate.Keys{Text: validate.ObjectName()}},
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"role": schema.StringAttribute{Optional: true, MarkdownDescription: "`viewer`, `editor` or `admin`. Default: no rights.", Validators: []validator.String{stringvalidator.OneOf(roleViewer, roleEditor, roleAdmin)}},
					"annotations": schema.MapAttribute{
						Optional: true, ElementType: types.StringType, Validators: []validator.Map{validate.Keys{Text: validate.AnnotationKey()}},
						MarkdownDescription: "Annotations, for instance `eks.amazonaws.com/role-arn`, which gives its pods an identity in a cloud.",
					},
				}},
			},
			"pull_secrets": schema.MapNestedAttribute{
				Optional: true,
				MarkdownDescription: "Secrets of type `kubernetes.io/dockerconfigjson`, by the name that they get in the workspace, copied there at apply. Its service accounts, `default` among them, " +
					"pull images with them. Other resources take the names as their `image_pull_secrets`.",
				Validators: []validator.Map{validate.Keys{Text: validate.ObjectName()}},
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"namespace": schema.StringAttribute{Required: true, MarkdownDescription: "Namespace of the Secret that is copied.", Validators: []validator.String{validate.DNSLabel()}},
					"secret":    schema.StringAttribute{Required: true, MarkdownDescription: "Name of the Secret that is copied.", Validators: []validator.String{validate.ObjectName()}},
					"version":   schema.StringAttribute{Optional: true, MarkdownDescription: "Change it, to any text, to have the Secret copied again."},
				}},
			},
			"quota_usage": schema.MapNestedAttribute{
				Computed:            true,
				MarkdownDescription: "How much of the quota is used, by resource, as `requests.cpu`. It is as of the last refresh or apply, and a change of it is never a change to make.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"hard": schema.StringAttribute{Computed: true, MarkdownDescription: "What may be used at most."},
					"used": schema.StringAttribute{Computed: true, MarkdownDescription: "What is used."},
				}},
			},
		},
	}
}

func level(description string) schema.Attribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: []validator.String{stringvalidator.OneOf("privileged", "baseline", "restricted")}}
}

func count(description string) schema.Attribute {
	return schema.Int64Attribute{Optional: true, MarkdownDescription: description, Validators: []validator.Int64{int64validator.AtLeast(0)}}
}

func amountOfBytes(description string) schema.Attribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: []validator.String{validate.Bytes()}}
}

func quotaAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "What all pods and volumes of the workspace may have together. Plans of resources in it are checked against it, and a quota below what is used is refused. " +
			"Default: no limit.",
		Attributes: map[string]schema.Attribute{
			"requests":                 pod.AmountsAttribute("Sum of what pods request."),
			"limits":                   pod.AmountsAttribute("Sum of what pods may use at most. Containers without such a limit get that of `limit_range`."),
			"storage":                  amountOfBytes("Sum of the sizes of all volumes, for instance `1Ti`."),
			"persistent_volume_claims": count("Number of volumes."),
			"storage_classes": schema.MapNestedAttribute{
				Optional: true, MarkdownDescription: "The same for the volumes of single StorageClasses, by name.",
				Validators: []validator.Map{validate.Keys{Text: validate.ObjectName()}},
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"storage":                  amountOfBytes("Sum of the sizes of the volumes."),
					"persistent_volume_claims": count("Number of volumes."),
				}},
			},
			"pods":           count("Number of pods that have not ended."),
			"load_balancers": count("Number of Services of type `LoadBalancer`, each of which costs where a cloud makes it."),
			"node_ports":     count("Number of node ports."),
			"hard": schema.MapAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.Map{validate.Keys{Text: QuotaResource()}, validate.Each{Text: QuotaAmount()}},
				MarkdownDescription: "Whatever else a ResourceQuota counts, in its own terms: `count/jobs.batch`, `count/secrets`, `requests.nvidia.com/gpu`.",
			},
		},
	}
}

func limitRangeAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "What single containers, pods and volumes may have, and what containers get that ask for nothing.",
		Attributes: map[string]schema.Attribute{
			"container": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "For each container.",
				Attributes: map[string]schema.Attribute{
					"default_request": pod.AmountsAttribute("What a container requests that requests nothing. Default: `100m` CPU and `256Mi` memory."),
					"default": pod.AmountsAttribute("The limit of a container that has none. Default: `1Gi` memory; where `quota` limits CPU or ephemeral storage, " +
						"without which no pod could start, `1` CPU and `1Gi`."),
					"min": pod.AmountsAttribute("The least that a container may request."),
					"max": pod.AmountsAttribute("The most that a container may have as limit. Each must then have one."),
				},
			},
			"pod": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "For the sum of each pod's containers.",
				Attributes: map[string]schema.Attribute{
					"min": pod.AmountsAttribute("The least that a pod may request."),
					"max": pod.AmountsAttribute("The most that a pod may have as limit."),
				},
			},
			"persistent_volume_claim": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "For the size of each volume.",
				Attributes: map[string]schema.Attribute{
					"min": amountOfBytes("The least size."),
					"max": amountOfBytes("The greatest size."),
				},
			},
		},
	}
}

func networkAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Who may connect to pods of the workspace, and what these may connect to, where the cluster's network enforces it. Default: its pods may connect to each " +
			"other and ask the DNS, and nothing else.",
		Attributes: map[string]schema.Attribute{
			"isolated": schema.BoolAttribute{Optional: true, MarkdownDescription: "Make network policies. Default: `true`. With `false`, everybody may connect to everybody."},
			"allow_within": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Let all pods of the workspace connect to each other. Default: `true`.",
			},
			"allow_from": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.Set{validate.Each{Text: validate.DNSLabel()}},
				MarkdownDescription: "Workspaces, or other namespaces, whose pods may connect to pods of this one. A workspace among them must have this one in its `allow_to`: a connection needs " +
					"the consent of both ends.",
			},
			"allow_to": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.Set{validate.Each{Text: validate.DNSLabel()}},
				MarkdownDescription: "Workspaces, or other namespaces, to whose pods those of this one may connect. A workspace among them must have this one in its `allow_from`.",
			},
			"api_server_cidrs": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.Set{validate.Each{Text: validate.CIDR()}},
				MarkdownDescription: "Addresses of the Kubernetes API server, `10.0.0.1/32` for instance, where pods need it, as those do that make other pods. " +
					"Ports 443 and 6443 of them are allowed. `kubectl get endpointslices -n default` lists them. Default: none.",
			},
			"ingress": pod.RulesAttribute("Who else may connect.", "Who may connect. Default: everybody."),
			"egress":  pod.RulesAttribute("What else pods may connect to, for instance a range of addresses and port 443.", "What they may connect to. Default: everything."),
		},
	}
}

func membersAttribute(description string) schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"users": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "Names of users, as the cluster's authentication gives them.",
				Validators: []validator.Set{validate.Each{Text: Subject()}},
			},
			"groups": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "Names of groups.",
				Validators: []validator.Set{validate.Each{Text: Subject()}},
			},
			"service_accounts": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "Service accounts: `NAME` of this workspace, or `NAMESPACE/NAME`.",
				Validators: []validator.Set{validate.Each{Text: ServiceAccountName()}},
			},
		},
	}
}
