package pod

import corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

// recoverySeconds is how long a server may take to start that first replays what it had not written before a crash. If it were
// restarted meanwhile, it would begin anew.
const recoverySeconds = 3600

// StoreProbes gives the container of a server that keeps data its probes, which all ask the same. Its start is seen within a second.
func StoreProbes(c *corev1ac.ContainerApplyConfiguration, ask *corev1ac.ExecActionApplyConfiguration) {
	c.WithStartupProbe(corev1ac.Probe().WithExec(ask).WithPeriodSeconds(1).WithTimeoutSeconds(5).WithFailureThreshold(recoverySeconds)).
		WithReadinessProbe(corev1ac.Probe().WithExec(ask).WithPeriodSeconds(3).WithTimeoutSeconds(5)).
		WithLivenessProbe(corev1ac.Probe().WithExec(ask).WithPeriodSeconds(30).WithTimeoutSeconds(10).WithFailureThreshold(6))
}
