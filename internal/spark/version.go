package spark

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// release is a minor version of Spark and what belongs to it.
type release struct {
	version string
	// hadoop is the version of Hadoop that Spark is built with, and sdk one of the
	// AWS SDK that this Hadoop works with; "" is the one that it depends on.
	hadoop, sdk string
}

// releases are those that this resource knows, oldest first.
var releases = []release{
	{version: "3.5", hadoop: "3.3.4"},
	{version: "4.0", hadoop: "3.4.1", sdk: "2.29.52"},
	{version: "4.1", hadoop: "3.4.2", sdk: "2.29.52"},
	{version: "4.2", hadoop: "3.5.0", sdk: "2.35.4"},
	{version: "4.3", hadoop: "3.5.0", sdk: "2.35.4"},
}

var versionInTag = regexp.MustCompile(`:v?([0-9]+\.[0-9]+)(\.[0-9]+)?([-_.@][^:]*)?(@sha256:[0-9a-f]+)?$`)

// releaseOf finds out which Spark an image has.
func releaseOf(m *Session, image string) (release, diag.Diagnostics) {
	var diags diag.Diagnostics
	var version string
	at := path.Root("spark_version")
	if m.SparkVersion != nil {
		version = *m.SparkVersion
	} else if found := versionInTag.FindStringSubmatch(image); found != nil {
		version = found[1]
		at = path.Root("image")
	} else {
		diags.AddAttributeError(path.Root("image"), "The version of Spark is not known",
			fmt.Sprintf("The tag of %s does not begin with it. Set spark_version to one of: %s.", image, strings.Join(knownVersions(), ", ")))
		return release{}, diags
	}
	i := slices.IndexFunc(releases, func(r release) bool { return version == r.version || strings.HasPrefix(version, r.version+".") })
	if i < 0 {
		diags.AddAttributeError(at, "This version of Spark is not supported",
			fmt.Sprintf("It is %s. These are: %s. Where the image has one of them under another name, set spark_version.", version, strings.Join(knownVersions(), ", ")))
		return release{}, diags
	}
	return releases[i], diags
}

func knownVersions() []string {
	var out []string
	for _, r := range releases {
		out = append(out, r.version)
	}
	return out
}

// s3Packages are the Maven coordinates of what Spark needs for S3, and what to
// leave out of what they depend on: the bundle of the whole AWS SDK has 600 MB.
func (r release) s3Packages() (packages, exclude []string) {
	packages = []string{"org.apache.hadoop:hadoop-aws:" + r.hadoop}
	if r.sdk == "" {
		return packages, nil
	}
	for _, module := range []string{"s3", "s3-transfer-manager", "sts", "apache-client", "netty-nio-client"} {
		packages = append(packages, "software.amazon.awssdk:"+module+":"+r.sdk)
	}
	return packages, []string{"software.amazon.awssdk:bundle"}
}

// credentialsProvider is the class that reads S3 credentials from the environment.
func (r release) credentialsProvider() string {
	if r.sdk == "" {
		return "com.amazonaws.auth.EnvironmentVariableCredentialsProvider"
	}
	return "software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider"
}
