package requirements

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	// Volume is the name of the volume with the packages, which the product makes.
	Volume       = "packages"
	packagesPath = "/packages"
	fileVolume   = "requirements"
	fileKey      = "requirements.txt"
	// filePath is where the installer finds what to install.
	filePath = "/requirements"
)

// text is the requirements file that is installed.
func (r *Requirements) text() string {
	if r.File != nil {
		return *r.File
	}
	return strings.Join(r.Packages, "\n") + "\n"
}

// Folder is where the packages are installed. Its name stands for all that decides
// what they are.
func (r *Requirements) Folder(image string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %t", image, r.text(), ptr.Deref(r.IndexURL, ""), ptr.Deref(r.RequireHashes, false)))
	return packagesPath + "/" + hex.EncodeToString(sum[:8])
}

// install has the folder filled, unless it is there already. What is half done is
// never taken for done, and what nothing has used for 30 days goes. Within an image,
// what it has stays at its version and is not installed once more.
const install = `set -eu
if [ -e "$PACKAGES/.complete" ]; then
  touch "$PACKAGES"
  echo "The packages are there already."
  exit 0
fi
if [ -n "${INDEX_USERNAME:-}" ]; then
  PIP_INDEX_URL=$(python3 -c 'import os, urllib.parse as p; u = p.urlsplit(os.environ["PIP_INDEX_URL"]); print(u._replace(netloc=p.quote(os.environ["INDEX_USERNAME"], "") + ":" + p.quote(os.environ["INDEX_PASSWORD"], "") + "@" + u.netloc).geturl())')
  export PIP_INDEX_URL
  unset INDEX_USERNAME INDEX_PASSWORD
fi
find "${PACKAGES%/*}" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} +
new=$(mktemp -d "${PACKAGES%/*}/.new-XXXXXX")
trap 'rm -rf "$new"' EXIT
if [ -n "${WITHIN_IMAGE:-}" ]; then
  python3 -m pip list --format freeze >/tmp/image.txt
  python3 -m pip install --prefix "$new/.prefix" --constraint /tmp/image.txt --requirement ` + filePath + "/" + fileKey + ` "$@"
  for packages in "$new"/.prefix/lib*/python*/*-packages "$new"/.prefix/local/lib*/python*/*-packages; do
    if [ -d "$packages" ]; then mv "$packages"/* "$new/"; fi
  done
  rm -rf "$new/.prefix"
else
  python3 -m pip install --target "$new" --requirement ` + filePath + "/" + fileKey + ` "$@"
fi
touch "$new/.complete"
chmod 755 "$new"
mv -T "$new" "$PACKAGES" || [ -e "$PACKAGES/.complete" ]
`

// Installer is the container that installs the packages. within says that the image has
// packages that these must go with.
func (r *Requirements) Installer(image string, within bool) *corev1ac.ContainerApplyConfiguration {
	variable := func(name, value string) *corev1ac.EnvVarApplyConfiguration {
		return corev1ac.EnvVar().WithName(name).WithValue(value)
	}
	command := []string{"sh", "-c", install, "install"}
	if ptr.Deref(r.RequireHashes, false) {
		command = append(command, "--require-hashes")
	}
	c := corev1ac.Container().WithName("install").WithImage(image).WithCommand(command...).WithEnv(
		variable("HOME", "/tmp"), variable("PACKAGES", r.Folder(image)), variable("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
		variable("PIP_NO_CACHE_DIR", "1"), variable("PIP_NO_INPUT", "1"), variable("PIP_PROGRESS_BAR", "off"), variable("PIP_ROOT_USER_ACTION", "ignore"),
		variable("PIP_USER", "0"), // which an image may set, and nothing goes with
	).WithVolumeMounts(
		corev1ac.VolumeMount().WithName(Volume).WithMountPath(packagesPath),
		corev1ac.VolumeMount().WithName(fileVolume).WithMountPath(filePath).WithReadOnly(true),
	).WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError)
	if within {
		c.WithEnv(variable("WITHIN_IMAGE", "1"))
	}
	if r.IndexURL != nil {
		c.WithEnv(variable("PIP_INDEX_URL", *r.IndexURL))
		if u, err := url.Parse(*r.IndexURL); err == nil && u.Scheme == "http" {
			c.WithEnv(variable("PIP_TRUSTED_HOST", u.Host))
		}
	}
	if r.Credentials != nil {
		c.WithEnv(pod.FromSecret("INDEX_USERNAME", *r.Credentials, "username"), pod.FromSecret("INDEX_PASSWORD", *r.Credentials, "password"))
	}
	return c
}

// Use mounts the packages in a container, and has its Python find them.
func (r *Requirements) Use(c *corev1ac.ContainerApplyConfiguration, image string) {
	c.WithVolumeMounts(corev1ac.VolumeMount().WithName(Volume).WithMountPath(packagesPath).WithReadOnly(true)).
		WithEnv(corev1ac.EnvVar().WithName("PYTHONPATH").WithValue(r.Folder(image)))
}

// Object is what the installer reads. name is that of the resource.
func (r *Requirements) Object(name string, env workload.Environment) workload.Object {
	return workload.Object{
		Key: "ConfigMap/requirements", Stage: workload.StageIdentity,
		Manifest: corev1ac.ConfigMap(name+"-requirements", env.Namespace).WithData(map[string]string{fileKey: r.text()}),
	}
}

// FileVolume is the volume of that object.
func FileVolume(name string) *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName(fileVolume).WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(name + "-requirements"))
}
