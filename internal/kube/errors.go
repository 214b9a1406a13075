package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Verdict is what an error of the API server means to a plan or an apply.
type Verdict int

// The verdicts.
const (
	Unknown     Verdict = iota // nothing is known about it
	Absent                     // the object does not exist
	Note                       // a dry run that proves nothing: namespace or kind not there yet, RBAC, a webhook without dry run
	Credentials                // the provider's configuration does not get in
	Refused                    // quota, Pod Security, an admission policy
	Conflict                   // another manager owns the field, or another hand changed the object meanwhile
	Invalid                    // a value or a field that the API does not accept
	Immutable                  // only a new object can have this
	Transient                  // may pass by itself
)

// String names a verdict.
func (v Verdict) String() string {
	names := [...]string{"Unknown", "Absent", "Note", "Credentials", "Refused", "Conflict", "Invalid", "Immutable", "Transient"}
	if v < 0 || int(v) >= len(names) {
		return fmt.Sprintf("Verdict(%d)", int(v))
	}
	return names[v]
}

// Problem is an error of the API server in words for people.
type Problem struct {
	Verdict         Verdict
	Summary, Detail string
	Field           string   // the path of the field that is at fault, where there is one
	Managers        []string // who owns the fields of a conflict
	Owned           []string // which field of a conflict is whose, in words
}

// IsGone tells whether the server said that an object does not exist. A 404 that no API server would give about an object, of a proxy
// or a wrong address, is none.
func IsGone(err error) bool {
	return apierrors.IsNotFound(err) && !isUnknownPath(err)
}

// IsNamespaceGone tells whether an object could not be written because its namespace does not exist or is being deleted.
func IsNamespaceGone(err error) bool {
	var status apierrors.APIStatus
	if apierrors.IsNotFound(err) && errors.As(err, &status) && status.Status().Details != nil {
		return status.Status().Details.Kind == "namespaces"
	}
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

// IsQuotaExceeded tells whether a quota leaves no room for an object.
func IsQuotaExceeded(err error) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota: ")
}

// IsNobodyThere tells whether there is no API server at the address: its name does not exist, or nothing listens there. Whatever else
// keeps a request from its answer, a proxy on the way for example, proves nothing.
func IsNobodyThere(err error) bool {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "dial" {
		return false
	}
	var dns *net.DNSError
	return errors.Is(op, syscall.ECONNREFUSED) || errors.As(op, &dns) && dns.IsNotFound
}

// IsNotServed tells whether the server does not know the kind of an object.
func IsNotServed(err error) bool { return isUnknownPath(err) }

// isUnknownPath tells the 404 of a path that the server does not know: a kind that is not installed, or no API server at all.
func isUnknownPath(err error) bool {
	var status apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &status) {
		return false
	}
	details := status.Status().Details
	return details == nil || details.Kind == "" || apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// Classify says what an error of a request to the API server means.
func Classify(err error) Problem {
	if err == nil {
		return Problem{}
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return classifyConnection(err)
	}
	s := status.Status()
	if s.Details == nil {
		s.Details = &metav1.StatusDetails{}
	}
	switch s.Code {
	case http.StatusUnauthorized:
		return Problem{
			Verdict: Credentials, Summary: "The API server does not accept the credentials",
			Detail: "The provider's token, client certificate or exec command gives credentials that are wrong or have expired. " +
				"Renew them, or correct the provider's configuration. The server said: " + s.Message,
		}
	case http.StatusNotFound:
		return classifyNotFound(err, s)
	case http.StatusForbidden:
		return classifyForbidden(err, s)
	case http.StatusConflict:
		return classifyConflict(s)
	case http.StatusUnprocessableEntity:
		return classifyUnprocessable(s)
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusMethodNotAllowed:
		if strings.Contains(s.Message, "does not support dry run") {
			return Problem{Verdict: Note, Summary: "An admission webhook does not support dry runs", Detail: s.Message}
		}
		if strings.Contains(s.Message, "admission webhook ") {
			return refused("An admission webhook refuses the object", s.Message)
		}
		return Problem{Verdict: Invalid, Summary: "The API server does not accept the object", Detail: shorten(s.Message), Field: fieldIn(s.Message)}
	case http.StatusInternalServerError:
		if strings.Contains(s.Message, "field not declared in schema") {
			field := fieldIn(s.Message)
			return Problem{
				Verdict: Invalid, Field: field, Summary: "The object has a field that its kind does not have",
				Detail: fmt.Sprintf("This version of Kubernetes knows no field %q here. Correct its name or its place.", field),
			}
		}
		if strings.Contains(s.Message, "failed to create typed patch object") {
			return Problem{Verdict: Invalid, Summary: "The object does not fit the schema of its kind", Detail: shorten(s.Message), Field: fieldIn(s.Message)}
		}
		if strings.Contains(s.Message, "failed calling webhook") {
			return Problem{
				Verdict: Transient, Summary: "An admission webhook does not answer",
				Detail: "The API server asks it about every such object. Its pods may be down or restarting. The server said: " + shorten(s.Message),
			}
		}
		return transient(s.Message)
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return transient(s.Message)
	case http.StatusGone:
		return transient(s.Message)
	}
	// Admission may choose any code; quota and policies are recognised by what they say.
	if strings.Contains(s.Message, "admission webhook ") {
		return refused("An admission webhook refuses the object", s.Message)
	}
	return Problem{Verdict: Unknown, Summary: "The API server refuses the request", Detail: shorten(s.Message)}
}

func classifyConnection(err error) Problem {
	var (
		unknownCA   x509.UnknownAuthorityError
		wrongHost   x509.HostnameError
		badCert     x509.CertificateInvalidError
		alert       tls.AlertError
		verifyError *tls.CertificateVerificationError
		slow        *slowError
		network     net.Error
		address     *url.Error
	)
	switch {
	case errors.As(err, &unknownCA), errors.As(err, &wrongHost), errors.As(err, &badCert), errors.As(err, &verifyError):
		return Problem{
			Verdict: Credentials, Summary: "The API server's certificate is not trusted",
			Detail: "Set cluster_ca_certificate to the cluster's authority, or tls_server_name to the name in its certificate. " + err.Error(),
		}
	case errors.As(err, &alert):
		return Problem{Verdict: Credentials, Summary: "The API server does not accept the client certificate", Detail: err.Error()}
	case strings.Contains(err.Error(), "getting credentials: "):
		return Problem{
			Verdict: Credentials, Summary: "The command that gives the credentials failed",
			Detail: "The exec command of the provider's configuration or of the kubeconfig must print an ExecCredential. " + err.Error(),
		}
	case errors.Is(err, context.Canceled):
		return Problem{Verdict: Transient, Summary: "The operation was cancelled", Detail: err.Error()}
	case errors.As(err, &slow), errors.Is(err, context.DeadlineExceeded):
		return Problem{Verdict: Transient, Summary: "The API server did not answer in time", Detail: err.Error()}
	case errors.As(err, &network), errors.As(err, &address):
		return Problem{
			Verdict: Transient, Summary: "The API server cannot be reached",
			Detail: "Check the provider's host or kubeconfig, and that the cluster is up and reachable from here. " + err.Error(),
		}
	}
	return Problem{Verdict: Unknown, Summary: "The request to the API server failed", Detail: err.Error()}
}

func classifyNotFound(err error, s metav1.Status) Problem {
	switch {
	case isUnknownPath(err):
		what := "this kind"
		if s.Details.Kind != "" {
			what = apiResource(s.Details)
		}
		return Problem{
			Verdict: Note, Summary: "The cluster does not serve " + what,
			Detail: "Its CustomResourceDefinition is not installed, this Kubernetes is too old or too new for it, or the provider's host is not an API server. The server said: " + shorten(s.Message),
		}
	case s.Details.Kind == "namespaces":
		return Problem{
			Verdict: Note, Summary: fmt.Sprintf("Namespace %q does not exist yet", s.Details.Name),
			Detail: fmt.Sprintf("Create the namespace %q first, with analytics_workspace for example.", s.Details.Name),
		}
	}
	return Problem{Verdict: Absent, Summary: fmt.Sprintf("%s %q does not exist", apiResource(s.Details), s.Details.Name), Detail: s.Message}
}

// apiResource is a resource as kubectl writes it: "statefulsets.apps".
func apiResource(details *metav1.StatusDetails) string {
	if details.Group == "" {
		return details.Kind
	}
	return details.Kind + "." + details.Group
}

// notAllowed matches the API server's authorizer, and nothing that admission says.
var notAllowed = regexp.MustCompile(`(?s)^(.* is forbidden: )?User ".*" cannot \w+ `)

// admissionPolicy begins what a policy says, whatever reason, and by that whatever code, it chose.
const admissionPolicy = "ValidatingAdmissionPolicy '"

// limitRange matches what the API server's LimitRanger says.
var limitRange = regexp.MustCompile(`(maximum|minimum) \S+ usage per |\S+ max limit to request ratio per `)

func classifyForbidden(err error, s metav1.Status) Problem {
	message := s.Message
	reason := message
	if _, after, ok := strings.Cut(message, " is forbidden: "); ok {
		reason = after
	}
	switch {
	case apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse) && !notAllowed.MatchString(message):
		return Problem{
			Verdict: Credentials, Summary: "Something before the API server refuses the request",
			Detail: "A proxy or gateway answered 403. Check the provider's host and proxy_url. It said: " + shorten(message),
		}
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return Problem{Verdict: Transient, Summary: "The namespace is being deleted", Detail: reason + ". Wait until it is gone, then create it again."}
	case notAllowed.MatchString(message):
		return Problem{Verdict: Note, Summary: "The credentials have no right to do this", Detail: reason + ". Grant it by a Role or ClusterRole, or use other credentials."}
	case strings.Contains(reason, "attempting to grant RBAC permissions not currently held"):
		return refused("The credentials may not grant these rights",
			"Kubernetes lets nobody grant what they do not have. Use credentials that hold these rights, or that may escalate. "+reason)
	case strings.Contains(reason, "the storageclass that provisions the pvc must support resize"):
		return refused("The volume's StorageClass does not let it grow",
			"Set allowVolumeExpansion: true in the StorageClass, where its driver can grow volumes; or leave the size as it is, or move the data to a new resource.")
	case IsQuotaExceeded(err):
		return refused("The namespace's quota is exceeded", reason+". Ask for less, or have the ResourceQuota raised.")
	case strings.Contains(reason, "failed quota: "):
		return refused("The namespace's quota asks for requests or limits that are not set", reason)
	case strings.Contains(reason, "violates PodSecurity "):
		return refused("The namespace's Pod Security level forbids this pod",
			reason+". Change the pod, or the label pod-security.kubernetes.io/enforce of the namespace.")
	case limitRange.MatchString(reason):
		return refused("The namespace's LimitRange forbids this "+strings.TrimSuffix(s.Details.Kind, "s"),
			reason+". Ask for an amount within these bounds, or have the LimitRange changed.")
	case strings.Contains(message, "admission webhook "):
		return refused("An admission webhook refuses the object", message)
	case strings.Contains(reason, admissionPolicy):
		return refused("An admission policy refuses the object", reason)
	}
	return refused("The API server refuses the object", reason)
}

func refused(summary, detail string) Problem {
	return Problem{Verdict: Refused, Summary: summary, Detail: shorten(detail)}
}

func transient(message string) Problem {
	return Problem{Verdict: Transient, Summary: "The API server is not able to answer now", Detail: shorten(message)}
}

// conflictWith matches the manager in `conflict with "kubectl-edit" using apps/v1`, also with `with subresource "scale"` between.
var conflictWith = regexp.MustCompile(`conflict with "([^"]*)"`)

func classifyConflict(s metav1.Status) Problem {
	problem := Problem{Verdict: Conflict}
	for _, cause := range s.Details.Causes {
		if cause.Type != metav1.CauseTypeFieldManagerConflict {
			continue
		}
		field := strings.TrimPrefix(cause.Field, ".")
		if problem.Field == "" {
			problem.Field = field
		}
		manager := "another manager"
		if match := conflictWith.FindStringSubmatch(cause.Message); match != nil {
			manager = match[1]
			if !slices.Contains(problem.Managers, manager) {
				problem.Managers = append(problem.Managers, manager)
			}
		}
		problem.Owned = append(problem.Owned, fmt.Sprintf("%s is managed by %q", field, manager))
	}
	if len(problem.Owned) > 0 {
		problem.Summary = "Another manager owns fields of the object"
		problem.Detail = "  " + strings.Join(problem.Owned, "\n  ") +
			"\nLeave the field to it (attribute ignore), or take it over with force_conflicts = true."
		return problem
	}
	switch s.Reason {
	case metav1.StatusReasonAlreadyExists:
		problem.Summary = fmt.Sprintf("%s %q exists already", apiResource(s.Details), s.Details.Name)
		problem.Detail = s.Message
	default:
		problem.Summary = "The object was changed meanwhile"
		problem.Detail = shorten(s.Message) + " Run it again."
	}
	return problem
}

// immutableMessages are the ways in which kinds say that only a new object can have a value.
var immutableMessages = []string{
	"field is immutable", "is immutable after creation", "is immutable when", "may not change once set", "updates to statefulset spec for fields other than",
	"pod updates may not change fields", "cannot change roleRef", "field can not be less than", "may not be changed",
}

func classifyUnprocessable(s metav1.Status) Problem {
	if _, said, ok := strings.Cut(s.Message, admissionPolicy); ok {
		return refused("An admission policy refuses the object", admissionPolicy+said)
	}
	causes := s.Details.Causes
	if len(causes) == 0 {
		causes = []metav1.StatusCause{{Message: s.Message, Field: fieldIn(s.Message)}}
	}
	var fields, lines []string
	immutable := false
	for _, cause := range causes {
		field := strings.TrimPrefix(cause.Field, ".")
		if field == "<nil>" {
			field = ""
		}
		if slices.ContainsFunc(immutableMessages, func(m string) bool { return strings.Contains(cause.Message, m) }) {
			if !immutable {
				fields = nil // what cannot change matters more than what is wrong with it
			}
			immutable = true
			fields = append(fields, field)
			continue
		}
		if immutable {
			continue
		}
		fields = append(fields, field)
		line := shorten(cause.Message)
		if field != "" {
			line = field + ": " + line
		}
		lines = append(lines, "  "+line)
	}
	name := fmt.Sprintf("%s %q", s.Details.Kind, s.Details.Name)
	if immutable {
		// The text of a Job's or StatefulSet's refusal prints the whole pod template.
		fields = slices.Compact(slices.DeleteFunc(fields, func(f string) bool { return f == "" }))
		detail := "Kubernetes does not allow this change on an existing object; it has to be replaced."
		if len(fields) > 0 {
			detail = "Kubernetes does not allow to change " + strings.Join(fields, ", ") + " of an existing object; it has to be replaced."
		}
		return Problem{Verdict: Immutable, Summary: name + " cannot be changed in place", Detail: detail, Field: first(fields)}
	}
	return Problem{Verdict: Invalid, Summary: name + " is not valid", Detail: strings.Join(lines, "\n"), Field: first(fields)}
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// undeclared matches the field in `.spec.replicaz: field not declared in schema` and `unknown field "spec.replicaz"`.
var undeclared = regexp.MustCompile(`([.\w\[\]"=/-]+): field not declared in schema|unknown field "([^"]+)"|errors:\s+([.\w\[\]"=/-]+): `)

// fieldIn finds the field that a message without causes is about.
func fieldIn(message string) string {
	match := undeclared.FindStringSubmatch(message)
	for i := 1; i < len(match); i++ {
		if match[i] != "" {
			return strings.TrimPrefix(match[i], ".")
		}
	}
	return ""
}

// shorten keeps the two ends of a long text: it begins with what is wrong and ends with what would be right.
func shorten(text string) string {
	const limit, tail = 600, 250
	runes := []rune(strings.TrimSpace(text))
	if len(runes) <= limit {
		return string(runes)
	}
	return string(runes[:limit-tail]) + " … " + string(runes[len(runes)-tail:])
}
