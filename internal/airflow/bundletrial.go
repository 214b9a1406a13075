package airflow

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const bundleTrial = "bundles"

// tryBundles fetches the bundles as the servers will, with the same code and
// credentials. Of a failure the last lines say which attribute is wrong, and the gist of
// what git said.
const tryBundles = `import sys
from airflow.dag_processing.bundles.manager import DagBundlesManager

def cause(e):
    while e.__cause__ is not None:
        e = e.__cause__
    said = getattr(e, "stderr", None)
    if not said:
        return f"{type(e).__name__}: {e}"
    said = said.strip().removeprefix("stderr: '").removesuffix("'")
    print(said, flush=True)
    lines = [line for line in said.splitlines() if line and not line.startswith(("Cloning into", "Please make sure", "and the repository"))]
    return " ".join(lines[-2:])

failures = []
for name in sys.argv[1:]:
    try:
        bundle = DagBundlesManager().get_bundle(name)
        print(f"fetching {bundle.repo_url}", flush=True)
        bundle.initialize()
        if not bundle.path.is_dir():
            raise FileNotFoundError(f"there is no folder {bundle.subdir} in {bundle.tracking_ref}")
    except Exception as e:
        failures.append(f"dag_bundles.{name} cannot be fetched: {cause(e)}")
sys.exit("\n".join(failures) or None)`

// bundles renders what the bundles need: their credentials, and a Job that fetches them
// while the database is migrated, so that one that cannot be fetched ends the apply
// before the servers start.
func (r *renderer) bundles() {
	if len(r.m.DAGBundles) == 0 {
		return
	}
	if len(r.m.bundlesWithAccess()) > 0 {
		r.objects = append(r.objects, bundlesSecret(r.m, r.n))
	}
	if files := r.m.knownHostsFiles(); len(files) > 0 {
		r.objects = append(r.objects, knownHostsMap(r.n, files))
	}
	names := slices.Sorted(maps.Keys(r.m.DAGBundles))
	container := corev1ac.Container().WithName(bundleTrial).WithArgs("python", "-c", tryBundles).WithArgs(names...)
	if _, configured := r.m.Connections["git_default"]; !configured {
		// Airflow would look for it in the database, which may not have its tables yet.
		container.WithEnv(corev1ac.EnvVar().WithName(connectionVariable("git_default")).WithValue("git:///"))
	}
	volumes, mounts := r.m.knownHostsVolume(r.n)
	container.WithVolumeMounts(mounts...)
	keys := []string{r.m.image(r.n.env), r.m.bundleList()}
	for _, name := range names {
		keys = append(keys, r.m.accessIdentity(r.m.DAGBundles[name]))
	}
	r.job(pod.TemplateInput{Name: bundleTrial, Container: container, Volumes: volumes}, workload.StageJob, keys...)
	r.objects[len(r.objects)-1].At = path.Root("dag_bundles")
}

// accessIdentity tells which credentials a bundle is fetched with, without a secret.
func (m *Model) accessIdentity(b Bundle) string {
	of := func(k *connection.SecretKey) string {
		s := ptr.Deref(k, connection.SecretKey{})
		return fmt.Sprintf("%s/%s/%s/%s", ptr.Deref(s.Namespace, ""), s.Name, ptr.Deref(s.Key, ""), ptr.Deref(s.Version, ""))
	}
	c := m.Connections[ptr.Deref(b.Connection, "")]
	return fmt.Sprintf("%s %s %s %s %s %s %s", c.uri(), ptr.Deref(c.PasswordWOVersion, ""), ptr.Deref(c.ExtraWOVersion, ""),
		ptr.Deref(b.Username, ""), of(b.PasswordSecret), of(b.PrivateKeySecret), ptr.Deref(b.KnownHosts, ""))
}
