package airflow

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/objectvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// DefaultRedisImage is that of an embedded broker.
const DefaultRedisImage = "docker.io/library/redis:8.0"

// Broker has the queues from which Celery workers take tasks: the embedded one, with
// defaults where nothing is set, or an external one.
type Broker struct {
	Embedded *Redis          `tfsdk:"embedded"`
	External *ExternalBroker `tfsdk:"external"`
}

// Redis is a broker of the resource's own: one pod with a volume.
type Redis struct {
	pod.Settings
	Image        *string `tfsdk:"image"`
	Size         *string `tfsdk:"size"`
	StorageClass *string `tfsdk:"storage_class"`
	Rotate       *string `tfsdk:"rotate"`
}

// ExternalBroker is a broker that somebody else keeps.
type ExternalBroker struct {
	URLWO        *string               `tfsdk:"url_wo"`
	URLWOVersion *string               `tfsdk:"url_wo_version"`
	URLSecret    *connection.SecretKey `tfsdk:"url_secret"`
}

const (
	broker    = "broker"
	keyBroker = "Secret/broker"
	// brokerURL and brokerPassword are keys of the broker's Secret.
	brokerURL      = "url"
	brokerPassword = "password"
	redisPort      = 6379
	// redisUser is the uid, gid and fsGroup of the server: those of the image.
	redisUser        = 999
	redisData        = "/data"
	defaultRedisSize = "1Gi"
)

// runRedis reads the configuration from the standard input: in arguments, everybody
// on the node could read the password. What was queued outlives a restart.
const runRedis = `exec redis-server - <<END
dir ` + redisData + `
appendonly yes
save ""
maxmemory-policy noeviction
requirepass $REDISCLI_AUTH
END`

// brokerURLForm is that of an external broker's URL. It holds a password, so no message
// repeats it. Other brokers of Celery cannot be asked whether a worker lives.
var brokerURLForm = validate.Text{
	Allowed: "a URL that begins with redis://, rediss://, sentinel://, amqp:// or amqps://",
	Forms:   [2]string{"redis://standin-a.invalid", "redis://standin-b.invalid"},
	Check: func(s string) error {
		u, err := url.Parse(s)
		switch {
		case err != nil:
			return errors.New("it is no URL: encode what means something in a URL, such as %40 for @")
		case !slices.Contains([]string{"redis", "rediss", "sentinel", "amqp", "amqps"}, u.Scheme):
			return errors.New("it does not begin with the name of a supported broker")
		case u.Host == "":
			return errors.New("it has no host")
		}
		return nil
	},
}

func brokerAttribute() schema.Attribute {
	embedded := pod.Attributes("Default: requests of `50m` CPU and `64Mi` memory, and a limit of `512Mi` memory.")
	maps.Copy(embedded, map[string]schema.Attribute{
		"image": schema.StringAttribute{Optional: true, Validators: []validator.String{validate.Image()}, MarkdownDescription: "Image with `redis-server`, `redis-cli` and `sh` on the path. Default: `" + DefaultRedisImage + "`."},
		"size": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.Bytes()},
			MarkdownDescription: "Size of the volume that keeps what is queued. It can grow where the StorageClass allows it, and never shrink. Default: `" + defaultRedisSize + "`.",
		},
		"storage_class": schema.StringAttribute{Optional: true, Validators: []validator.String{validate.ObjectName()}, MarkdownDescription: "StorageClass of the volume. Default: the cluster's default."},
		"rotate":        schema.StringAttribute{Optional: true, MarkdownDescription: "Change it, to any text, to have a new password generated. The scheduler and the Celery workers restart with it."},
	})
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "The broker that has the queues of the `CeleryExecutor`. Default: an embedded one.",
		Attributes: map[string]schema.Attribute{
			"embedded": schema.SingleNestedAttribute{
				Optional: true, Attributes: embedded,
				MarkdownDescription: "A Redis of the resource's own, with a generated password. It is a single pod: while it is away nothing new is queued, and what runs goes on. It keeps the results " +
					"of Celery too, so that the workers need no access to the database.",
				Validators: []validator.Object{objectvalidator.ConflictsWith(path.MatchRelative().AtParent().AtName("external"))},
			},
			"external": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "A Redis or RabbitMQ that is there already.",
				Attributes: map[string]schema.Attribute{
					"url_wo": schema.StringAttribute{
						Optional: true, WriteOnly: true, Sensitive: true,
						MarkdownDescription: "URL with user and password, such as `rediss://:PASSWORD@redis.example.com:6379/0` or `amqp://USER:PASSWORD@rabbit.example.com:5672/airflow`. It stands in no plan and no " +
							"state. Set this or `url_secret`.",
						Validators: []validator.String{brokerURLForm, stringvalidator.AlsoRequires(path.MatchRelative().AtParent().AtName("url_wo_version"))},
					},
					"url_wo_version": schema.StringAttribute{
						Optional: true, MarkdownDescription: "Change it to have another `url_wo` sent.",
						Validators: []validator.String{stringvalidator.ConflictsWith(path.MatchRelative().AtParent().AtName("url_secret"))},
					},
					"url_secret": connection.SecretKeyInput("Secret with the URL. It is copied, so it may be in another namespace. Set this or `url_wo`.", brokerURL),
				},
			},
		},
	}
}

// checkBroker refuses an external broker without a URL.
func checkBroker(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	if m.Broker == nil {
		return nil
	}
	if e := m.Broker.External; e != nil && (e.URLWOVersion == nil) == (e.URLSecret == nil) {
		diags.AddAttributeError(path.Root("broker").AtName("external"), "The broker's URL is missing", "Set url_secret, or url_wo with url_wo_version.")
	}
	return diags
}

// external is the broker that somebody else keeps, nil where there is none.
func (b *Broker) external() *ExternalBroker {
	if b == nil {
		return nil
	}
	return b.External
}

func (b *Broker) embedded() Redis {
	if b == nil {
		return Redis{}
	}
	return ptr.Deref(b.Embedded, Redis{})
}

// broker renders the Secret with the broker's URL, and the embedded broker.
func (r *renderer) broker() {
	if e := r.m.Broker.external(); e != nil {
		var url workload.SecretValue
		if e.URLSecret != nil {
			url = e.URLSecret.Copied(r.n.env.Namespace, brokerURL)
		} else {
			url = workload.WriteOnly(e.URLWO, ptr.Deref(e.URLWOVersion, ""))
		}
		r.objects = append(r.objects, secret(r.n, broker, map[string]workload.SecretValue{brokerURL: url}))
		return
	}
	host := fmt.Sprintf("%s.%s.svc.%s", r.n.of(broker), r.n.env.Namespace, r.n.env.ClusterDomain)
	o := secret(r.n, broker, map[string]workload.SecretValue{
		brokerPassword: workload.Generated(passwordLength, ptr.Deref(r.m.Broker.embedded().Rotate, "")),
		brokerURL:      workload.Template(fmt.Sprintf("redis://:%%s@%s:%d/0", host, redisPort), brokerPassword),
	})
	o.Keep = true
	r.objects = append(r.objects, o)
	r.redis(r.m.Broker.embedded())
}

// redis renders the embedded broker.
func (r *renderer) redis(settings Redis) {
	at := path.Root("broker").AtName("embedded")
	image := pod.Image(DefaultRedisImage, r.n.env)
	if settings.Image != nil {
		image = *settings.Image
	}
	port := func() *corev1ac.ContainerPortApplyConfiguration {
		return corev1ac.ContainerPort().WithName("redis").WithContainerPort(redisPort).WithProtocol(corev1.ProtocolTCP)
	}
	container := corev1ac.Container().WithName("redis").WithImage(image).WithCommand("sh", "-ec", runRedis).
		WithEnv(pod.FromSecret("REDISCLI_AUTH", r.n.of(broker), brokerPassword)).WithPorts(port()).
		WithVolumeMounts(corev1ac.VolumeMount().WithName("data").WithMountPath(redisData))
	pod.StoreProbes(container, corev1ac.ExecAction().WithCommand("sh", "-c", `test "$(redis-cli ping)" = PONG`))
	template, diags := settings.Over(r.m.Placement()).Template(pod.TemplateInput{
		Environment: r.n.env, At: at, Name: r.n.of(broker), Role: broker, Selector: r.n.selector(broker), Siblings: r.n.instance(), Container: container,
		Annotations: map[string]string{pod.RevisionAnnotation + broker: workload.SecretRevision(keyBroker)},
		Requests:    corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("64Mi")},
		Limits:      corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
		User:        redisUser,
	})
	r.diags.Append(diags...)
	claim, diags := pod.ClaimSpec(settings.Size, defaultRedisSize, settings.StorageClass, at.AtName("size"))
	r.diags.Append(diags...)
	if r.diags.HasError() {
		return
	}
	volume := &corev1ac.PersistentVolumeClaimApplyConfiguration{}
	r.objects = append(r.objects, template.Objects...)
	r.objects = append(r.objects,
		workload.Object{
			Key: "Service/" + broker, Stage: workload.StageIdentity,
			Manifest: corev1ac.Service(r.n.of(broker), r.n.env.Namespace).WithSpec(corev1ac.ServiceSpec().WithClusterIP(corev1.ClusterIPNone).
				WithSelector(r.n.selector(broker)).WithPorts(corev1ac.ServicePort().WithName("redis").WithPort(redisPort).WithProtocol(corev1.ProtocolTCP))),
		},
		workload.Object{
			Key: "StatefulSet/" + broker, Stage: workload.StageStorage, Mask: template.Mask("spec.template"),
			Manifest: appsv1ac.StatefulSet(r.n.of(broker), r.n.env.Namespace).WithLabels(map[string]string{componentLabel: broker}).WithSpec(appsv1ac.StatefulSetSpec().
				WithServiceName(r.n.of(broker)).WithReplicas(1).WithSelector(metav1ac.LabelSelector().WithMatchLabels(r.n.selector(broker))).
				WithTemplate(template.Spec).WithVolumeClaimTemplates(volume.WithName("data").WithSpec(claim))),
		})
}
