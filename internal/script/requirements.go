package script

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	packagesVolume  = "packages"
	packagesPath    = "/packages"
	requirementsKey = "requirements.txt"
	// installPath is where the installer finds what to install.
	installPath = "/requirements"
)

func requirementsAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Python packages that the program needs. pip installs them before the program starts, in a container without the program's environment. They stand in a folder " +
			"that is named after all that decides what they are, so that only a change has them installed again. The image must have Python, pip and a POSIX shell. " +
			"For what must start fast or without a package index, make an image that has them.",
		Attributes: map[string]schema.Attribute{
			"packages": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				Validators:          []validator.List{listvalidator.SizeAtLeast(1), validate.Each{Text: requirementForm()}, listvalidator.ExactlyOneOf(path.MatchRelative().AtParent().AtName("file"))},
				MarkdownDescription: "Packages, for instance `pandas==2.3.3`. Set this or `file`.",
			},
			"file": schema.StringAttribute{
				Optional: true, Validators: []validator.String{requirementsFile()},
				MarkdownDescription: "Content of a requirements file, for instance `file(\"${path.module}/requirements.txt\")`. Lines may go on after a `\\` and have hashes; options other than `--hash` are refused.",
			},
			"index_url": schema.StringAttribute{
				Optional: true, Validators: []validator.String{validate.URL("https", "http")},
				MarkdownDescription: "Package index to use, for instance `https://pypi.example.com/simple`. Default: what the image says, else PyPI. One without TLS is trusted.",
			},
			"index_credentials": schema.StringAttribute{
				Optional: true, Validators: []validator.String{validate.ObjectName(), stringvalidator.AlsoRequires(path.MatchRelative().AtParent().AtName("index_url"))},
				MarkdownDescription: "Secret in the same namespace with the keys `username` and `password` for the index.",
			},
			"require_hashes": schema.BoolAttribute{Optional: true, MarkdownDescription: "Install only what has the hashes that `file` gives, for all packages and what they depend on. Default: `false`, but `true` as soon as there is a hash."},
			"cache": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Keep what was installed in a volume that outlives the pods, so that a new pod finds it there. Default: each pod installs, and a container that is started again does not.",
				Attributes: map[string]schema.Attribute{
					"size":          schema.StringAttribute{Required: true, MarkdownDescription: "Size of the volume, for instance `2Gi`.", Validators: []validator.String{validate.Bytes()}},
					"storage_class": schema.StringAttribute{Optional: true, MarkdownDescription: "StorageClass of the volume. Default: the cluster's default.", Validators: []validator.String{validate.ObjectName()}},
					"access_modes": schema.ListAttribute{
						Optional: true, ElementType: types.StringType,
						Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.ValueStringsAre(stringvalidator.OneOf("ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"))},
						MarkdownDescription: "Access modes of the volume. Default: `ReadWriteOnce`, with which all pods that use it run on one node.",
					},
				},
			},
		},
	}
}

var (
	requirementName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?`)
	extras          = regexp.MustCompile(`^\s*\[\s*([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\s*,\s*[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)*)?\s*\]`)
	versionClause   = regexp.MustCompile(`^\s*(===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9][A-Za-z0-9.*+!_-]*\s*$`)
	hashOption      = regexp.MustCompile(`\s--hash[= ](\S+)`)
	hashForm        = regexp.MustCompile(`^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$`)
)

// requirementForm validates one requirement.
func requirementForm() validate.Text {
	return validate.Text{
		Allowed: `a package with its version such as "pandas==2.3.3", "boto3>=1.34,<2" or "pkg @ https://example.com/pkg.whl"`,
		Check:   checkRequirement,
		Forms:   [2]string{"standin-a", "standin-b"},
	}
}

func requirementsFile() validate.Text {
	return validate.Text{
		Allowed: "the content of a requirements file",
		Check: func(s string) error {
			found := false
			for number, line := range logicalLines(s) {
				if line == "" {
					continue
				}
				found = true
				if err := checkRequirement(line); err != nil {
					return fmt.Errorf("line %d: %w", number, err)
				}
			}
			if !found {
				return fmt.Errorf("it names no package")
			}
			return nil
		},
		Forms: [2]string{"standin-a", "standin-b"},
	}
}

// logicalLines gives the lines of a requirements file, by the number of the first
// of those that were joined, without comments.
func logicalLines(text string) func(func(int, string) bool) {
	return func(yield func(int, string) bool) {
		joined, first := "", 0
		for i, line := range strings.Split(text, "\n") {
			line = strings.TrimSuffix(line, "\r")
			if joined == "" {
				first = i + 1
			}
			if before, found := strings.CutSuffix(line, `\`); found {
				joined += before + " "
				continue
			}
			joined += line
			if !yield(first, strings.TrimSpace(withoutComment(joined))) {
				return
			}
			joined = ""
		}
		if joined != "" {
			yield(first, strings.TrimSpace(withoutComment(joined)))
		}
	}
}

// withoutComment cuts a comment off, which begins a line or follows white space.
func withoutComment(line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), "#") {
		return ""
	}
	for _, sign := range []string{" #", "\t#"} {
		line, _, _ = strings.Cut(line, sign)
	}
	return line
}

// checkRequirement reads a requirement by PEP 508, as far as a mistake in it can be
// told without its packages.
func checkRequirement(text string) error {
	for _, hash := range hashOption.FindAllStringSubmatch(text, -1) {
		if !hashForm.MatchString(hash[1]) {
			return fmt.Errorf("%q is no hash: give sha256: and 64 digits", hash[1])
		}
	}
	text = strings.TrimSpace(hashOption.ReplaceAllString(text, ""))
	switch {
	case text == "":
		return fmt.Errorf("it is empty")
	case strings.ContainsAny(text, "\n\r\x00"):
		return fmt.Errorf("it has several lines")
	case strings.HasPrefix(text, "-"):
		option, _, _ := strings.Cut(text, " ")
		return fmt.Errorf("the option %q cannot be used here: the index stands in index_url, and other files are not there", option)
	}
	name := requirementName.FindString(text)
	if name == "" || strings.HasPrefix(text, name+"/") {
		return fmt.Errorf("%q does not begin with the name of a package", text)
	}
	rest := text[len(name):]
	rest = rest[len(extras.FindString(rest)):]
	if address, found := strings.CutPrefix(strings.TrimSpace(rest), "@"); found {
		return checkAddress(strings.TrimSpace(address))
	}
	clauses, marker, marked := strings.Cut(rest, ";")
	if marked && strings.TrimSpace(marker) == "" {
		return fmt.Errorf("%q ends where a marker should be", text)
	}
	clauses = strings.TrimSpace(clauses)
	if inner, found := strings.CutPrefix(clauses, "("); found {
		clauses = strings.TrimSuffix(inner, ")")
	}
	if clauses == "" {
		return nil
	}
	for clause := range strings.SplitSeq(clauses, ",") {
		if !versionClause.MatchString(clause) {
			return fmt.Errorf("%q is no version: give one such as ==1.2.3 or >=1.2,<2", strings.TrimSpace(clause))
		}
	}
	return nil
}

func checkAddress(text string) error {
	address, _, _ := strings.Cut(text, " ")
	u, err := url.Parse(strings.TrimPrefix(address, "git+"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("what follows @ is no URL that begins with https://")
	case u.User != nil:
		return fmt.Errorf("the URL holds credentials: use index_url and index_credentials")
	}
	return nil
}

// text is the requirements file that is installed.
func (r *Requirements) text() string {
	if r.File != nil {
		return *r.File
	}
	return strings.Join(r.Packages, "\n") + "\n"
}

// folder is where the packages are installed. Its name stands for all that decides
// what they are.
func (r *Requirements) folder(image string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %t", image, r.text(), ptr.Deref(r.IndexURL, ""), ptr.Deref(r.RequireHashes, false)))
	return packagesPath + "/" + hex.EncodeToString(sum[:8])
}

// install has the folder filled, unless it is there already. What is half done is
// never taken for done, and what nothing has used for 30 days goes.
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
python3 -m pip install --target "$new" --requirement ` + installPath + "/" + requirementsKey + ` "$@"
touch "$new/.complete"
chmod 755 "$new"
mv -T "$new" "$PACKAGES" || [ -e "$PACKAGES/.complete" ]
`

// installer is the container that installs the packages.
func (r *Requirements) installer(image string) *corev1ac.ContainerApplyConfiguration {
	variable := func(name, value string) *corev1ac.EnvVarApplyConfiguration {
		return corev1ac.EnvVar().WithName(name).WithValue(value)
	}
	command := []string{"sh", "-c", install, "install"}
	if ptr.Deref(r.RequireHashes, false) {
		command = append(command, "--require-hashes")
	}
	c := corev1ac.Container().WithName("install").WithImage(image).WithCommand(command...).WithEnv(
		variable("HOME", "/tmp"), variable("PACKAGES", r.folder(image)), variable("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
		variable("PIP_NO_CACHE_DIR", "1"), variable("PIP_NO_INPUT", "1"), variable("PIP_PROGRESS_BAR", "off"), variable("PIP_ROOT_USER_ACTION", "ignore"),
	).WithVolumeMounts(
		corev1ac.VolumeMount().WithName(packagesVolume).WithMountPath(packagesPath),
		corev1ac.VolumeMount().WithName("requirements").WithMountPath(installPath).WithReadOnly(true),
	).WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError)
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

// objects are those that the installer needs.
func (r *Requirements) objects(name string, env workload.Environment) ([]workload.Object, diag.Diagnostics) {
	var diags diag.Diagnostics
	out := []workload.Object{{
		Key: "ConfigMap/requirements", Stage: workload.StageIdentity,
		Manifest: corev1ac.ConfigMap(name+"-requirements", env.Namespace).WithData(map[string]string{requirementsKey: r.text()}),
	}}
	if r.Cache == nil {
		return out, diags
	}
	size, err := validate.ParseQuantity(r.Cache.Size)
	if err != nil {
		diags.AddAttributeError(path.Root("requirements").AtName("cache").AtName("size"), "Invalid quantity", err.Error())
		return nil, diags
	}
	modes := r.Cache.AccessModes
	if len(modes) == 0 {
		modes = []string{string(corev1.ReadWriteOnce)}
	}
	spec := corev1ac.PersistentVolumeClaimSpec().WithResources(corev1ac.VolumeResourceRequirements().WithRequests(corev1.ResourceList{corev1.ResourceStorage: size}))
	for _, mode := range modes {
		spec.WithAccessModes(corev1.PersistentVolumeAccessMode(mode))
	}
	if r.Cache.StorageClass != nil {
		spec.WithStorageClassName(*r.Cache.StorageClass)
	}
	// Nothing is lost with it, so it goes with the resource.
	return append(out, workload.Object{
		Key: "PersistentVolumeClaim/packages", Stage: workload.StageIdentity, NoWait: true,
		Manifest: corev1ac.PersistentVolumeClaim(name+"-packages", env.Namespace).WithSpec(spec),
	}), diags
}

// volumes are those of the packages.
func (r *Requirements) volumes(name string) []*corev1ac.VolumeApplyConfiguration {
	packages := corev1ac.Volume().WithName(packagesVolume)
	if r.Cache != nil {
		packages.WithPersistentVolumeClaim(corev1ac.PersistentVolumeClaimVolumeSource().WithClaimName(name + "-packages"))
	} else {
		packages.WithEmptyDir(corev1ac.EmptyDirVolumeSource())
	}
	return []*corev1ac.VolumeApplyConfiguration{
		packages,
		corev1ac.Volume().WithName("requirements").WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(name + "-requirements")),
	}
}
