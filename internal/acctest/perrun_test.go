package acctest

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
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

	// A run that is over is nobody's loss, and what existed for it goes with its Job.
	background := metav1.DeletePropagationBackground
	if err := s.cluster.BatchV1().Jobs(s.namespace).Delete(t.Context(), "it-job", metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		t.Fatal(err)
	}
	isGone := func() string {
		if _, err := s.cluster.CoreV1().ConfigMaps(s.namespace).Get(t.Context(), "it-ticket", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Sprintf("the ticket is there: %v", err)
		}
		return ""
	}
	Eventually(t, time.Minute, isGone)
	s.PlansNothing()
	apply(`script = "sleep 2", labels = { a = "b" }`).Succeeds()
	s.PlansNothing()
	if there := isGone(); there != "" {
		t.Errorf("without another run, %s", there)
	}

	// So it is when it is deleted alone, until the next run.
	apply(`script = "sleep 1"`).Succeeds()
	s.deletes(corev1.SchemeGroupVersion.WithResource("configmaps"), "it-ticket")
	s.PlansNothing()
	apply(`script = "sleep 2"`).Succeeds()
	ticket()
	s.Destroy().Succeeds()
}
