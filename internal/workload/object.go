package workload

// A Stage orders the objects of one resource: those of a stage are applied
// together and waited for before the next stage begins.
type Stage int

// The stages, in the order in which they are applied.
const (
	// StageIdentity holds what others refer to: service accounts, roles,
	// Secrets, ConfigMaps, Services, network policies.
	StageIdentity Stage = iota
	// StageStorage holds databases, brokers and volumes.
	StageStorage
	// StageJob holds what runs to completion before the servers start, such as
	// a database migration.
	StageJob
	// StageServer holds the long-running servers.
	StageServer
	// StageLast holds what makes sense only when the servers run, such as
	// autoscalers.
	StageLast
)

// Rendering is what a configuration means in Kubernetes.
type Rendering struct {
	Objects []Object
}

// Object is one Kubernetes object of a rendering.
type Object struct {
	// Key names the object in the plan by kind and role, for instance
	// "StatefulSet/pool-0". It never changes while the object's purpose stays
	// the same, since a changed key hides the difference.
	Key string
	// Manifest is a pointer to a client-go apply configuration, or a
	// map[string]any. It has apiVersion, kind, name and namespace.
	Manifest any
	// Stage says when it is applied.
	Stage Stage
	// Data is the content of a Secret. The engine fills it in; it appears in no
	// plan and no state.
	Data map[string]SecretValue
	// Mask maps prefixes of leaf paths to labels. A leaf below such a prefix may
	// hold a secret of the user; the plan shows "(label, revision 1)" for it.
	Mask map[string]string
	// Rollout is set on StatefulSets with update strategy OnDelete, whose pods
	// the engine restarts.
	Rollout *Rollout
	// RunKey is set on Jobs: they run again when it changes, and only then.
	RunKey string
	// Keep marks volumes and generated Secrets. They outlive the resource unless
	// deletion_policy is "Delete".
	Keep bool
	// NoWait leaves the object out of the wait for readiness.
	NoWait bool
}

// Rollout says how the pods of a StatefulSet with update strategy OnDelete are
// restarted.
type Rollout struct {
	// Gate must answer 200 before a pod is restarted on its own.
	Gate *HTTPGate
	// Ready must answer 200 before the rollout, and the wait, are over.
	Ready *HTTPGate
	// Together reports whether a change of this leaf of the StatefulSet needs
	// all pods to restart at once, because old and new ones refuse each other.
	Together func(path string) bool
	// Interruption says in plain words what a restart of all pods at once costs,
	// for instance "MinIO stops for about 30 s".
	Interruption string
}

// HTTPGate is an HTTP request to a pod whose answer 200 means yes.
type HTTPGate struct {
	Port        int
	Path        string
	TLS         bool
	Description string
}
