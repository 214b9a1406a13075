// Package script is analytics_ingestion and analytics_automation: a team's own
// programs, run once, on a schedule or all the time.
package script

import (
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/autoscale"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Script is what both resources have.
type Script struct {
	workload.Common
	pod.Settings
	run.State
	Once          *run.Once                `tfsdk:"once"`
	Schedule      *run.Schedule            `tfsdk:"schedule"`
	Continuous    *Continuous              `tfsdk:"continuous"`
	Code          *string                  `tfsdk:"script"`
	Files         map[string]string        `tfsdk:"files"`
	Command       []string                 `tfsdk:"command"`
	Args          []string                 `tfsdk:"args"`
	WorkingDir    *string                  `tfsdk:"working_dir"`
	Image         *string                  `tfsdk:"image"`
	PythonVersion *string                  `tfsdk:"python_version"`
	Requirements  *Requirements            `tfsdk:"requirements"`
	Inputs        map[string]connection.S3 `tfsdk:"inputs"`
	Outputs       map[string]connection.S3 `tfsdk:"outputs"`
	MLflow        *connection.Tracking     `tfsdk:"mlflow"`
	Endpoint      *string                  `tfsdk:"endpoint"`
}

// Continuous runs the program all the time.
type Continuous struct {
	Replicas    *int64                 `tfsdk:"replicas"`
	Autoscaling *autoscale.Autoscaling `tfsdk:"autoscaling"`
	Port        *int64                 `tfsdk:"port"`
	Readiness   *Probe                 `tfsdk:"readiness"`
	Liveness    *Probe                 `tfsdk:"liveness"`
	GracePeriod *string                `tfsdk:"grace_period"`
}

// Probe asks the program how it is.
type Probe struct {
	Path     *string  `tfsdk:"path"`
	Command  []string `tfsdk:"command"`
	Period   *int64   `tfsdk:"period_seconds"`
	Failures *int64   `tfsdk:"failures"`
}

// Ingestion is the configuration of analytics_ingestion.
type Ingestion struct {
	Script
}

// Automation is the configuration of analytics_automation.
type Automation struct {
	Script
	Entra      *Entra          `tfsdk:"entra"`
	Databricks *Databricks     `tfsdk:"databricks"`
	HTTP       map[string]HTTP `tfsdk:"http"`
	Egress     *Egress         `tfsdk:"egress"`
}

// Entra is an application that is registered in Microsoft Entra.
type Entra struct {
	TenantID              string   `tfsdk:"tenant_id"`
	ClientID              string   `tfsdk:"client_id"`
	ClientSecretWO        *string  `tfsdk:"client_secret_wo"`
	ClientSecretWOVersion *string  `tfsdk:"client_secret_wo_version"`
	ClientSecretFrom      *FromKey `tfsdk:"client_secret_from"`
	CertificateFrom       *FromKey `tfsdk:"certificate_from"`
	Federated             *bool    `tfsdk:"federated"`
	AuthorityHost         *string  `tfsdk:"authority_host"`
}

// Databricks is a workspace of Databricks.
type Databricks struct {
	Host                  string   `tfsdk:"host"`
	TokenWO               *string  `tfsdk:"token_wo"`
	TokenWOVersion        *string  `tfsdk:"token_wo_version"`
	TokenFrom             *FromKey `tfsdk:"token_from"`
	ClientID              *string  `tfsdk:"client_id"`
	ClientSecretWO        *string  `tfsdk:"client_secret_wo"`
	ClientSecretWOVersion *string  `tfsdk:"client_secret_wo_version"`
	ClientSecretFrom      *FromKey `tfsdk:"client_secret_from"`
}

// HTTP is an HTTP API.
type HTTP struct {
	BaseURL           string   `tfsdk:"base_url"`
	TokenWO           *string  `tfsdk:"token_wo"`
	TokenWOVersion    *string  `tfsdk:"token_wo_version"`
	TokenFrom         *FromKey `tfsdk:"token_from"`
	Username          *string  `tfsdk:"username"`
	PasswordWO        *string  `tfsdk:"password_wo"`
	PasswordWOVersion *string  `tfsdk:"password_wo_version"`
	PasswordFrom      *FromKey `tfsdk:"password_from"`
	Header            *string  `tfsdk:"header"`
	ValueWO           *string  `tfsdk:"value_wo"`
	ValueWOVersion    *string  `tfsdk:"value_wo_version"`
	ValueFrom         *FromKey `tfsdk:"value_from"`
}

// FromKey names a key of a Secret in the same namespace.
type FromKey struct {
	Secret string `tfsdk:"secret"`
	Key    string `tfsdk:"key"`
}

// Egress is what the pods may connect to.
type Egress struct {
	To    []Destination `tfsdk:"to"`
	Hosts []string      `tfsdk:"hosts"`
}

// Destination is a range of addresses.
type Destination struct {
	CIDR  string  `tfsdk:"cidr"`
	Ports []int64 `tfsdk:"ports"`
}

// CommonFields gives the engine the fields that every resource has.
func (s *Script) CommonFields() *workload.Common { return &s.Common }

// image is the one that the pods run.
func (s *Script) image(env workload.Environment) string {
	if s.Image != nil {
		return *s.Image
	}
	version := DefaultPython
	if s.PythonVersion != nil {
		version = *s.PythonVersion
	}
	return pod.Image("docker.io/library/python:"+version+"-slim", env)
}
