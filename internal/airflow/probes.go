package airflow

import (
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// patienceSeconds is how long a server may take to start, or go on without an answer,
// on a slow or busy machine, before it is restarted.
const patienceSeconds = 300

func get(path, port string) *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().WithHTTPGet(corev1ac.HTTPGetAction().WithPath(path).WithPort(intstr.FromString(port)))
}

// probed gives the container a probe for its start, one for its readiness and one
// for its life, which ask the same but for that of readiness. often and period are
// in seconds: while it starts, and then.
func probed(c *corev1ac.ContainerApplyConfiguration, ask, ready func() *corev1ac.ProbeApplyConfiguration, often, period int32) {
	c.WithStartupProbe(ask().WithPeriodSeconds(often).WithTimeoutSeconds(10).WithFailureThreshold(patienceSeconds / often)).
		WithReadinessProbe(ready().WithPeriodSeconds(period).WithTimeoutSeconds(10).WithFailureThreshold(3)).
		WithLivenessProbe(ask().WithPeriodSeconds(period).WithTimeoutSeconds(20).WithFailureThreshold(patienceSeconds / period))
}

// apiProbes restart a server that does not answer at the one path, and give no traffic
// to one that fails at the other, because it cannot ask the database for instance.
func (r *renderer) apiProbes(lives, ready string) func(*corev1ac.ContainerApplyConfiguration) {
	prefix := r.m.prefix()
	return func(c *corev1ac.ContainerApplyConfiguration) {
		probed(c, func() *corev1ac.ProbeApplyConfiguration { return get(prefix+lives, "http") },
			func() *corev1ac.ProbeApplyConfiguration { return get(prefix+ready, "http") }, 2, 10)
		// Clients must have learnt that the server goes before it does.
		c.WithLifecycle(corev1ac.Lifecycle().WithPreStop(corev1ac.LifecycleHandler().WithSleep(corev1ac.SleepAction().WithSeconds(5))))
	}
}

// schedulerProbes ask the scheduler's own server, which knows its last heartbeat.
func schedulerProbes(c *corev1ac.ContainerApplyConfiguration) {
	ask := func() *corev1ac.ProbeApplyConfiguration { return get("/health", "health") }
	probed(c, ask, ask, 2, 15)
}

// useDatabase begins a block of Python that has a cursor of the database in q.
const useDatabase = `with psycopg2.connect(os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "", 1), connect_timeout=5) as c, c.cursor() as q:`

// heartbeat asks the database for the last heartbeat of this pod's job. The command
// of Airflow that does so, "airflow jobs check", takes seconds of processor time to
// start, which a probe must not.
const heartbeat = `import os, socket, sys, psycopg2
` + useDatabase + `
    q.execute("select 1 from job where job_type = %s and hostname = %s and state = 'running' and latest_heartbeat > now() - interval '1 minute'",
              (sys.argv[1], socket.gethostbyname(socket.gethostname())))
    sys.exit(0 if q.fetchone() else "no heartbeat within a minute")`

// heartbeatProbes are those of components without a server of their own.
func heartbeatProbes(job string) func(*corev1ac.ContainerApplyConfiguration) {
	return func(c *corev1ac.ContainerApplyConfiguration) {
		ask := func() *corev1ac.ProbeApplyConfiguration {
			return corev1ac.Probe().WithExec(corev1ac.ExecAction().WithCommand("python", "-c", heartbeat, job))
		}
		probed(c, ask, ask, 5, 30)
	}
}

// pingWorker asks the worker of this pod through the broker. The command of Airflow
// that does so takes seconds of processor time to start; its own application, which
// does too, is needed only where options say more than the URL of the broker. With
// "start" it first looks for the server of logs, which is there just before the worker:
// on a busy node the questions would slow it down. With "live" a broker that cannot be
// reached is no reason to end a worker with its tasks.
const pingWorker = `import os, socket, sys
if sys.argv[1] == "start" and socket.socket().connect_ex(("127.0.0.1", int(os.environ["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"]))):
    sys.exit("the worker has not begun to start")
from kombu.exceptions import OperationalError
options = "AIRFLOW__CELERY__SSL_", "AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS", "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG", "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__"
if any(name.startswith(options) for name in os.environ):
    from airflow.providers.celery.executors.celery_executor import app
else:
    from celery import Celery
    app = Celery(broker=os.environ["AIRFLOW__CELERY__BROKER_URL"])
app.conf.broker_transport_options = {**app.conf.broker_transport_options, "max_retries": 1, "interval_start": 0, "interval_step": 0}
try:
    answers = app.control.ping(destination=["celery@" + socket.gethostname()], timeout=4)
except OperationalError as e:
    sys.exit(0 if sys.argv[1] == "live" else f"the broker cannot be reached: {e}")
sys.exit(0 if answers else "the worker does not answer")`

// celeryProbes are those of Celery workers.
func celeryProbes(c *corev1ac.ContainerApplyConfiguration) {
	ask := func(purpose string) func() *corev1ac.ProbeApplyConfiguration {
		return func() *corev1ac.ProbeApplyConfiguration {
			return corev1ac.Probe().WithExec(corev1ac.ExecAction().WithCommand("python", "-c", pingWorker, purpose))
		}
	}
	// While it starts a worker waits for a broker that is away, and is not ready.
	probed(c, ask("start"), ask("ready"), 10, 60)
	c.LivenessProbe.WithExec(ask("live")().Exec)
}
