package kube

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	pods       = schema.GroupResource{Resource: "pods"}
	namespaces = schema.GroupResource{Resource: "namespaces"}
	sets       = schema.GroupResource{Group: "apps", Resource: "statefulsets"}
)

func TestClassify(t *testing.T) {
	job := schema.GroupKind{Group: "batch", Kind: "Job"}
	template := strings.Repeat(`core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{Name:""}} `, 100)
	terminating := apierrors.NewForbidden(pods, "a", errors.New("unable to create new content in namespace data because it is being terminated"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause, Field: "metadata.namespace"}}
	conflict := apierrors.NewApplyConflict([]metav1.StatusCause{
		{Type: metav1.CauseTypeFieldManagerConflict, Message: `conflict with "kubectl-edit" using apps/v1`, Field: ".spec.template.spec.containers[name=\"main\"].image"},
		{Type: metav1.CauseTypeFieldManagerConflict, Message: `conflict with "kube-controller-manager" with subresource "scale" using apps/v1`, Field: ".spec.replicas"},
	}, "Apply failed with 2 conflicts")

	for name, test := range map[string]struct {
		err      error
		verdict  Verdict
		contains string // of summary and detail
		field    string
		managers []string
	}{
		"nothing": {nil, Unknown, "", "", nil},
		"gone":    {apierrors.NewNotFound(sets, "minio"), Absent, `statefulsets.apps "minio"`, "", nil},
		"no namespace": {
			apierrors.NewNotFound(namespaces, "data"), Note, `Namespace "data" does not exist`, "", nil,
		},
		"no such kind": {
			apierrors.NewGenericServerResponse(http.StatusNotFound, "PATCH", schema.GroupResource{}, "", "404 page not found", 0, true),
			Note, "does not serve", "", nil,
		},
		"expired": {apierrors.NewUnauthorized("Unauthorized"), Credentials, "token", "", nil},
		"rbac": {
			apierrors.NewForbidden(sets, "minio", errors.New(`User "system:serviceaccount:ci:plan" cannot patch resource "statefulsets" in API group "apps" in the namespace "data"`)),
			Note, "Grant it", "", nil,
		},
		"rbac escalation": {
			apierrors.NewForbidden(schema.GroupResource{Group: "rbac.authorization.k8s.io", Resource: "roles"}, "x",
				errors.New(`user "ci" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held`)),
			Refused, "may not grant", "", nil,
		},
		"quota": {
			apierrors.NewForbidden(pods, "a", errors.New("exceeded quota: team, requested: pods=1, used: pods=10, limited: pods=10")),
			Refused, "pods=10", "", nil,
		},
		"quota without limits": {
			apierrors.NewForbidden(pods, "a", errors.New("failed quota: team: must specify limits.cpu for: main")),
			Refused, "limits.cpu for: main", "", nil,
		},
		"pod security": {
			apierrors.NewForbidden(pods, "a", errors.New(`violates PodSecurity "restricted:latest": runAsNonRoot != true`)),
			Refused, "runAsNonRoot", "", nil,
		},
		"policy": {
			apierrors.NewForbidden(pods, "a", errors.New(`ValidatingAdmissionPolicy 'images' with binding 'all' denied request: User "x" cannot be named`)),
			Refused, "images", "", nil,
		},
		"policy that calls it invalid": {
			apierrors.NewInvalid(schema.GroupKind{Group: "apps", Kind: "Deployment"}, "a", field.ErrorList{field.Invalid(nil, nil, "ValidatingAdmissionPolicy 'images' with binding 'all' denied request: no")}),
			Refused, "images", "", nil,
		},
		"limit range": {
			apierrors.NewForbidden(pods, "a", errors.New("maximum memory usage per Container is 48Mi, but limit is 64Mi")),
			Refused, "48Mi", "", nil,
		},
		"webhook": {
			&apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: 403, Reason: metav1.StatusReasonForbidden, Message: `admission webhook "validate.kyverno.svc" denied the request: no latest tag`}},
			Refused, "no latest tag", "", nil,
		},
		"webhook without dry run": {
			apierrors.NewBadRequest(`admission webhook "old.example.com" does not support dry run`), Note, "dry run", "", nil,
		},
		"webhook down": {
			apierrors.NewInternalError(errors.New(`failed calling webhook "mutate.example.com": connect: connection refused`)), Transient, "mutate.example.com", "", nil,
		},
		"gateway": {
			apierrors.NewGenericServerResponse(http.StatusForbidden, "GET", schema.GroupResource{}, "", "<html>Blocked</html>", 0, true),
			Credentials, "proxy", "", nil,
		},
		"namespace goes": {terminating, Transient, "being deleted", "", nil},
		"field managers": {
			conflict, Conflict, `spec.replicas is managed by "kube-controller-manager"`,
			`spec.template.spec.containers[name="main"].image`,
			[]string{"kubectl-edit", "kube-controller-manager"},
		},
		"changed meanwhile": {
			apierrors.NewConflict(sets, "minio", errors.New("the object has been modified; please apply your changes to the latest version and try again")),
			Conflict, "changed meanwhile", "", nil,
		},
		"exists": {apierrors.NewAlreadyExists(sets, "minio"), Conflict, "exists already", "", nil},
		"invalid": {
			apierrors.NewInvalid(job, "x", field.ErrorList{field.Invalid(field.NewPath("spec", "backoffLimit"), -1, "must be greater than or equal to 0")}),
			Invalid, "spec.backoffLimit: Invalid value: -1", "spec.backoffLimit", nil,
		},
		"immutable job": {
			apierrors.NewInvalid(job, "x", field.ErrorList{field.Invalid(field.NewPath("spec", "template"), template, "field is immutable")}),
			Immutable, "spec.template of an existing object", "spec.template", nil,
		},
		"immutable set": {
			apierrors.NewInvalid(schema.GroupKind{Group: "apps", Kind: "StatefulSet"}, "x", field.ErrorList{field.Forbidden(field.NewPath("spec"), "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' are forbidden")}),
			Immutable, "replaced", "spec", nil,
		},
		"immutable service": {
			apierrors.NewInvalid(schema.GroupKind{Kind: "Service"}, "x", field.ErrorList{field.Invalid(field.NewPath("spec", "clusterIPs").Index(0), []string{"None"}, "may not change once set")}),
			Immutable, "replaced", "spec.clusterIPs[0]", nil,
		},
		"unknown field": {
			apierrors.NewInternalError(errors.New(`failed to create typed patch object (data/web; apps/v1, Kind=Deployment): .spec.replicaz: field not declared in schema`)),
			Invalid, `"spec.replicaz"`, "spec.replicaz", nil,
		},
		"strict decoding": {
			apierrors.NewBadRequest(`Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replicaz"`),
			Invalid, "replicaz", "spec.replicaz", nil,
		},
		"busy":       {apierrors.NewTooManyRequests("try again", 1), Transient, "", "", nil},
		"down":       {apierrors.NewServiceUnavailable("etcd"), Transient, "", "", nil},
		"refused":    {&url.Error{Op: "Get", URL: "https://c", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, Transient, "reached", "", nil},
		"untrusted":  {&url.Error{Op: "Get", URL: "https://c", Err: x509.UnknownAuthorityError{}}, Credentials, "cluster_ca_certificate", "", nil},
		"slow":       {&url.Error{Op: "Get", URL: "https://c", Err: &slowError{}}, Transient, "in time", "", nil},
		"deadline":   {context.DeadlineExceeded, Transient, "in time", "", nil},
		"exec":       {&url.Error{Op: "Get", URL: "https://c", Err: errors.New("getting credentials: exec: executable aws not found")}, Credentials, "aws", "", nil},
		"wrapped":    {fmt.Errorf("the claim: %w", apierrors.NewUnauthorized("no")), Credentials, "", "", nil},
		"other":      {errors.New("odd"), Unknown, "odd", "", nil},
		"quota race": {apierrors.NewConflict(schema.GroupResource{Resource: "resourcequotas"}, "team", errors.New("the object has been modified")), Conflict, "", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := Classify(test.err)
			text := got.Summary + "\n" + got.Detail
			if got.Verdict != test.verdict || got.Field != test.field || !slices.Equal(got.Managers, test.managers) || !strings.Contains(text, test.contains) {
				t.Errorf("got %v, field %q, managers %q:\n%s", got.Verdict, got.Field, got.Managers, text)
			}
			if len(text) > 1200 {
				t.Errorf("%d bytes of text, starting %s", len(text), text[:200])
			}
		})
	}
}

func TestIsGone(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"object":    {apierrors.NewNotFound(sets, "minio"), true},
		"namespace": {apierrors.NewNotFound(namespaces, "data"), true},
		"wrapped":   {fmt.Errorf("x: %w", apierrors.NewNotFound(sets, "minio")), true},
		"proxy":     {apierrors.NewGenericServerResponse(http.StatusNotFound, "GET", sets, "minio", "<html>", 0, true), false},
		"forbidden": {apierrors.NewForbidden(sets, "minio", errors.New("no")), false},
		"timeout":   {context.DeadlineExceeded, false},
		"nothing":   {nil, false},
	} {
		if got := IsGone(test.err); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestIsNobodyThere(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	unknown := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "cluster.invalid", IsNotFound: true}}
	for what, test := range map[string]struct {
		err  error
		want bool
	}{
		"refused":         {&url.Error{Op: "Get", URL: "https://cluster", Err: refused}, true},
		"no such host":    {&url.Error{Op: "Get", URL: "https://cluster", Err: unknown}, true},
		"DNS fails":       {&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}}, false},
		"a proxy is gone": {&url.Error{Op: "Get", URL: "https://cluster", Err: &net.OpError{Op: "proxyconnect", Net: "tcp", Err: refused}}, false},
		"unreachable":     {&net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}, false},
		"in time":         {context.DeadlineExceeded, false},
		"nothing":         {nil, false},
	} {
		if got := IsNobodyThere(test.err); got != test.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}
