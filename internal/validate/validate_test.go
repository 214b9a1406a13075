package validate

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// texts are all validators of strings, each with values of which the first set is
// allowed and the second is not.
var texts = map[string]struct {
	validator Text
	allowed   []string
	refused   []string
}{
	"ObjectName":    {ObjectName(), []string{"a", "web-0", "a.b-c.d"}, []string{"", "A", "-a", "a_b", "a..b", strings.Repeat("a", 254)}},
	"DNSLabel":      {DNSLabel(), []string{"a", "web-0", strings.Repeat("a", 63)}, []string{"", "A", "a.b", "-a", "a-", strings.Repeat("a", 64)}},
	"LabelKey":      {LabelKey(), []string{"team", "example.com/team", "A_b.c"}, []string{"", "a b", "/a", "Example.com/a", "a/b/c"}},
	"LabelValue":    {LabelValue(), []string{"", "a", "A_b.c-d"}, []string{"-a", "a b", "a/b", strings.Repeat("a", 64)}},
	"AnnotationKey": {AnnotationKey(), []string{"team", "Example.com/team"}, []string{"", "a b", "a/b/c"}},
	"DataKey":       {DataKey(), []string{"tls.crt", "A_b-c", ".dockerconfigjson"}, []string{"", "a/b", "..", "..a", "a b"}},
	"EnvName":       {EnvName(), []string{"A", "_a1", "HTTP_PROXY"}, []string{"", "1A", "A-B", "A B", "A=B"}},
	"PortName":      {PortName(), []string{"http", "s3", "a-b"}, []string{"", "HTTP", "80", "a--b", "-a", strings.Repeat("a", 16)}},
	"Image":         {Image(), []string{"busybox", "docker.io/library/busybox:1.37", "a@sha256:00"}, []string{"", " a", "a b", "a\n"}},
	"CPU":           {CPU(), []string{"1", "500m", "0.5", "1e3"}, []string{"", "0", "-1", "1 core", "1,5", "1e-10000000", "1e1000"}},
	"Bytes":         {Bytes(), []string{"1", "512Mi", "10Gi", "1G", "1.5Gi", "7Ei"}, []string{"", "0", "-1Gi", "10 GB", "1GB", "100m", "0.5", "10E"}},
	"MountPath":     {MountPath(), []string{"/data", "/a/b.c", "/...", "/..a"}, []string{"", "/", "data", "/data/", "/a//b", "/a/../b", "/a/.", "/a:b", "/a\x00"}},
	"RelativePath":  {RelativePath(), []string{"a", "a/b", "..a", "a/..b"}, []string{"", "/a", "..", ".", "../a", "a/../b", "a/", "./a", "a:b"}},
	"FileMode":      {FileMode(), []string{"0440", "0777", "0000"}, []string{"", "440", "0888", "00440", "0x1a", "1777"}},
	"IP":            {IP(), []string{"10.0.0.1", "::1", "fd00::1"}, []string{"", "10.0.0", "10.0.0.256", "010.0.0.1", "fe80::1%eth0", "::ffff:10.0.0.1", "10.0.0.1/8", "example.com"}},
	"CIDR":          {CIDR(), []string{"10.0.0.0/8", "10.0.0.1/32", "fd00::/8", "0.0.0.0/0"}, []string{"", "10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "::ffff:10.0.0.0/104", "a/8"}},
	"HostName":      {HostName(), []string{"a", "a.example.com", "a.example.com."}, []string{"", ".", "A", "a_b", "a..b", "*.a", "a.."}},
	"Duration":      {Duration(), []string{"1s", "90s", "1h30m", "1ms"}, []string{"", "0s", "-1s", "1", "1d", "one hour"}},
}

func validateText(v validator.String, text string) *validator.StringResponse {
	resp := &validator.StringResponse{}
	v.ValidateString(context.Background(), validator.StringRequest{Path: path.Root("x"), ConfigValue: types.StringValue(text)}, resp)
	return resp
}

func TestTexts(t *testing.T) {
	for name, c := range texts {
		t.Run(name, func(t *testing.T) {
			for _, text := range c.allowed {
				if diags := validateText(c.validator, text).Diagnostics; diags.HasError() {
					t.Errorf("%q is refused: %v", text, diags)
				}
			}
			for _, text := range c.refused {
				diags := validateText(c.validator, text).Diagnostics
				if !diags.HasError() {
					t.Errorf("%q is allowed", text)
					continue
				}
				if detail := diags[0].Detail(); !strings.Contains(detail, c.validator.Allowed) || strings.HasSuffix(detail, ": .") {
					t.Errorf("%q: %q does not say what is allowed and what is wrong", text, detail)
				}
			}
		})
	}
}

// Stand-ins are allowed, and differ.
func TestStandIns(t *testing.T) {
	for name, c := range texts {
		forms := c.validator.StandIn()
		if forms[0] == forms[1] {
			t.Errorf("%s: both stand-ins are %q", name, forms[0])
		}
		for _, form := range forms {
			if err := c.validator.Check(form); err != nil {
				t.Errorf("%s: the stand-in %q is refused: %v", name, form, err)
			}
		}
		if got := (Each{c.validator}).ElementStandIn(); got != forms {
			t.Errorf("%s: the stand-ins of elements are %v, want %v", name, got, forms)
		}
	}
}

// What is not known yet, or not set, is not refused.
func TestUnknownTexts(t *testing.T) {
	for _, value := range []types.String{types.StringNull(), types.StringUnknown()} {
		resp := &validator.StringResponse{}
		CPU().ValidateString(context.Background(), validator.StringRequest{ConfigValue: value}, resp)
		if resp.Diagnostics.HasError() {
			t.Errorf("%s: %v", value, resp.Diagnostics)
		}
	}
}

func TestCollections(t *testing.T) {
	ctx := context.Background()
	at := path.Root("x")
	unknown := types.StringUnknown()
	list := types.ListValueMust(types.StringType, []attr.Value{types.StringValue("a"), types.StringValue("B"), unknown})
	set := types.SetValueMust(types.StringType, []attr.Value{types.StringValue("a"), types.StringValue("B"), unknown})
	m := types.MapValueMust(types.StringType, map[string]attr.Value{"a": types.StringValue("B"), "C": types.StringValue("c"), "d": unknown})

	listResp := &validator.ListResponse{}
	Each{DNSLabel()}.ValidateList(ctx, validator.ListRequest{Path: at, ConfigValue: list}, listResp)
	setResp := &validator.SetResponse{}
	Each{DNSLabel()}.ValidateSet(ctx, validator.SetRequest{Path: at, ConfigValue: set}, setResp)
	mapResp := &validator.MapResponse{}
	Each{DNSLabel()}.ValidateMap(ctx, validator.MapRequest{Path: at, ConfigValue: m}, mapResp)
	keysResp := &validator.MapResponse{}
	Keys{DNSLabel()}.ValidateMap(ctx, validator.MapRequest{Path: at, ConfigValue: m}, keysResp)

	for name, c := range map[string]struct {
		got  diag.Diagnostics
		want path.Path
	}{
		"list": {listResp.Diagnostics, at.AtListIndex(1)},
		"set":  {setResp.Diagnostics, at.AtSetValue(types.StringValue("B"))},
		"map":  {mapResp.Diagnostics, at.AtMapKey("a")},
		"keys": {keysResp.Diagnostics, at.AtMapKey("C")},
	} {
		if len(c.got) != 1 {
			t.Errorf("%s: %d diagnostics, want 1: %v", name, len(c.got), c.got)
			continue
		}
		if d, ok := c.got[0].(interface{ Path() path.Path }); !ok || !d.Path().Equal(c.want) {
			t.Errorf("%s: the diagnostic is not on %s: %v", name, c.want, c.got[0])
		}
	}

	for _, null := range []types.List{types.ListNull(types.StringType), types.ListUnknown(types.StringType)} {
		resp := &validator.ListResponse{}
		Each{DNSLabel()}.ValidateList(ctx, validator.ListRequest{Path: at, ConfigValue: null}, resp)
		if resp.Diagnostics.HasError() {
			t.Errorf("%s: %v", null, resp.Diagnostics)
		}
	}
}
