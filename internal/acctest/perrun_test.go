package acctest

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// TestAccPerRun makes what exists for one run of a Job anew with each run, and with nothing else.
func TestAccPerRun(t *testing.T) {
	t.Parallel()
	c := Connect(t)
	s := standIn(t, c, c.Namespace(t), "it")
	ticket := func() types.UID {
		t.Helper()
		object, err := s.cluster.CoreV1().ConfigMaps(s.namespace).Get(t.Context(), "it-ticket", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return object.UID
	}
	apply := func(job string) *Result {
		t.Helper()
		s.fixture("replicas = 0\njob = { per_run = true, " + job + " }")
		return s.Apply()
	}
	apply(`script = "true"`).Succeeds()
	first, job := ticket(), s.jobUID(t)
	s.PlansNothing()

	apply(`script = "true", labels = { a = "b" }`).Succeeds()
	if ticket() != first || s.jobUID(t) != job {
		t.Error("without another run, the ticket or the Job is another one")
	}

	apply(`script = "sleep 2; exit 3"`).Fails().Says("ended with exit code 3")
	second := ticket()
	if second == first {
		t.Error("another run has the ticket of the one before")
	}
	if pods := s.uids("job"); len(pods) != 1 {
		t.Errorf("%d pods are left, want that of the last run", len(pods))
	}

	// Nothing is changed, but what failed runs again.
	s.Apply().Fails()
	third := ticket()
	if third == second {
		t.Error("a failed run that is repeated has the ticket of the one before")
	}

	apply(`script = "sleep 2"`).Succeeds()
	s.PlansNothing()
	last := ticket()
	if last == third {
		t.Error("the run after a failed one has its ticket")
	}

	// A run that is over is nobody's loss.
	background := metav1.DeletePropagationBackground
	if err := s.cluster.BatchV1().Jobs(s.namespace).Delete(t.Context(), "it-job", metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		t.Fatal(err)
	}
	s.PlansNothing()
	s.Apply().Succeeds()
	if ticket() != last {
		t.Error("a Job that was deleted has taken its ticket along")
	}
	s.Destroy().Succeeds()
}
