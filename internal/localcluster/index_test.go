package main

import "testing"

func TestProjectOf(t *testing.T) {
	for wheel, want := range map[string]string{
		"/w/azure_identity-1.27.0-py3-none-any.whl":     "azure-identity",
		"PyJWT-2.15.1-py3-none-any.whl":                 "pyjwt",
		"zope.interface-8.0-cp313-cp313-linux_x.whl":    "zope-interface",
		"pyarrow-26.0.1-cp313-cp313-manylinux_2_28.whl": "pyarrow",
	} {
		if got := projectOf(wheel); got != want {
			t.Errorf("the project of %s is %q, not %q", wheel, got, want)
		}
	}
}
