package workload

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
)

// A Stage orders the objects of one resource: those of a stage are applied
// together and waited for before the next stage begins.
type Stage int

// The stages, in the order in which they are applied.
const (
	// StageNamespace holds the namespace that all else is in.
	StageNamespace Stage = iota - 1
	// StageIdentity holds what others refer to: service accounts, roles,
	// Secrets, ConfigMaps, Services, network policies.
	StageIdentity
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
	// At is the attribute that the object follows from, for diagnostics about it.
	At path.Path
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
	// RunKey is set on Jobs: they run again when it changes, and only then. It may
	// hold secrets: only a keyed fingerprint of it is kept.
	RunKey string
	// PerRun is the key of the Job for each run of which the object is made anew, after the pods of the run before it are gone. It goes when that
	// Job does.
	PerRun string
	// Keep marks volumes and generated Secrets. They outlive the resource unless
	// deletion_policy is "Delete".
	Keep bool
	// Guard marks what protects the content of a Namespace that the resource has
	// made, such as network policies. It outlives the resource where its Namespace
	// does, because others live in it.
	Guard bool
	// Adopt marks what Kubernetes makes by itself, so that it is there already or
	// not: it is taken over.
	Adopt bool
	// NoWait leaves the object out of the wait for readiness.
	NoWait bool
}

// Rollout says how the pods of a StatefulSet with update strategy OnDelete are
// restarted.
type Rollout struct {
	// Gate must be open for as long as Settle before a pod is restarted on its own.
	Gate   *HTTPGate
	Settle time.Duration
	// Ready must be open before the rollout, and the wait, are over.
	Ready *HTTPGate
	// Peers are the keys of the StatefulSets whose pods know of each other. Each
	// has a view of its own, so that gates ask all of them. Empty means the
	// StatefulSet itself.
	Peers []string
	// Together reports whether a change of this leaf of the StatefulSet needs
	// all pods to restart at once, because old and new ones refuse each other.
	Together func(path string) bool
	// Interruption says in plain words what a restart of all pods at once costs,
	// for instance "MinIO stops for about 30 s".
	Interruption string
}

// HTTPGate is an HTTP request to pods. It is open while all that are ready, and
// at least one, answer 200.
type HTTPGate struct {
	Port        int
	Path        string
	TLS         bool
	Description string
}
