package spark

import (
	"slices"
	"testing"
)

func TestReleaseOf(t *testing.T) {
	for _, c := range []struct {
		image, version, want string
	}{
		{DefaultImage, "", "4.1"},
		{"apache/spark:3.5.8", "", "3.5"},
		{"registry.example.com:5000/team/spark:v4.0.1-custom", "", "4.0"},
		{"apache/spark:4.3.0-python3@sha256:0123456789abcdef", "", "4.3"},
		{"team/spark:latest", "4.2", "4.2"},
		{"team/spark:1.0", "4.1.1", "4.1"},
		{"team/spark:latest", "", ""},
		{"team/spark", "", ""},
		{"team/spark:3.4.4", "", ""},
		{"team/spark:4.10.0", "", ""},
		{"team/spark:4.1", "2.4", ""},
	} {
		m := &Session{}
		if c.version != "" {
			m.SparkVersion = &c.version
		}
		got, diags := releaseOf(m, c.image)
		if got.version != c.want || diags.HasError() != (c.want == "") {
			t.Errorf("%s with %q: got %q, %v, want %q", c.image, c.version, got.version, diags, c.want)
		}
	}
}

// The image that is assembled for tests has what the packages of its version are.
func TestS3Packages(t *testing.T) {
	packages, exclude := releases[2].s3Packages()
	if !slices.Contains(packages, "org.apache.hadoop:hadoop-aws:3.4.2") || !slices.Contains(packages, "software.amazon.awssdk:s3:2.29.52") ||
		!slices.Equal(exclude, []string{"software.amazon.awssdk:bundle"}) {
		t.Errorf("4.1 gets %q without %q", packages, exclude)
	}
	if packages, exclude = releases[0].s3Packages(); !slices.Equal(packages, []string{"org.apache.hadoop:hadoop-aws:3.3.4"}) || exclude != nil {
		t.Errorf("3.5 gets %q without %q", packages, exclude)
	}
}
